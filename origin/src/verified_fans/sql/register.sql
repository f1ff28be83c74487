-- Registers an account. $1 event id, $2 account id. Result: one changed row; none if the account is
-- registered or revoked, or if registration is not open.
-- Invariant: runs after hold_off_selection.sql in the same transaction, so that no round misses an
-- account that was told it is registered.
insert into fans (event_id, account_id, registered_at)
select event_id, $2, now()
from fan_programmes
where event_id = $1 and clock_timestamp() >= registration_opens_at and clock_timestamp() < registration_closes_at
on conflict (event_id, account_id) do update set registered_at = now()
where fans.registered_at is null and fans.revoked_at is null
