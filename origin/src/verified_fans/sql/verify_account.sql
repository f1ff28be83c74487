-- Makes an account a verified fan by an admin's decision, also a revoked one. $1 event id,
-- $2 account id. Result: one changed row; none if the account is verified.
insert into fans (event_id, account_id, verified_at, verified_by)
values ($1, $2, now(), 'admin')
on conflict (event_id, account_id) do update set verified_at = now(), verified_by = 'admin', revoked_at = null
where fans.verified_at is null
