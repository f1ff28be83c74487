-- The accounts that a draw looks at next, in byte order. $1 event id, $2 account id after which they begin, $3 how many at the most.
-- Result: one row: how many there are, and the last of them (null: there are none).
select count(*), max(account_id) from (
    select account_id from fans where event_id = $1 and account_id > $2 order by account_id limit $3
) page
