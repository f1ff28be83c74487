-- The range of accounts that the next piece of a round goes through, in byte order. $1 event id,
-- $2 id after which the range begins, $3 most accounts. Result: one row: their number, and the last
-- of them (null if there are none).
select count(*), max(account_id) from (
    select account_id from fans where event_id = $1 and account_id > $2 order by account_id limit $3
) page
