-- A page of the accounts that a draw which begins now draws from, in byte order. $1 event id, $2 account id after which to begin, $3
-- how many.
select account_id from fans
where event_id = $1 and account_id > $2 and registered_at is not null and verified_at is null and revoked_at is null
order by account_id
limit $3
