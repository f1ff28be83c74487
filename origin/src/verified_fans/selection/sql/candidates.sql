-- A page of the accounts from which a round that begins now selects, in byte order. $1 event id,
-- $2 id after which the page begins, $3 most rows.
select account_id from fans
where event_id = $1 and account_id > $2 and registered_at is not null and verified_at is null and revoked_at is null
order by account_id
limit $3
