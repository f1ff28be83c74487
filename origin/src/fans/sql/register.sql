-- Registers an account. $1 event id, $2 account id. Result: one row changed; none if it is registered or revoked, or if
-- registration is not open.
-- Invariant: run after keep_open.sql in the same transaction, so that no draw of the registered can miss who is told yes.
insert into fans (event_id, account_id, registered_at)
select event_id, $2, now()
from fan_programmes
where event_id = $1 and clock_timestamp() >= registration_opens_at and clock_timestamp() < registration_closes_at
on conflict (event_id, account_id) do update set registered_at = now()
where fans.registered_at is null and fans.revoked_at is null
