-- Makes an account a verified fan by invitation. $1 event id, $2 account id. Result: one row changed; none if it is verified or
-- revoked, and then its row is locked.
-- Invariant: the invitation counted in fan_programmes.promised until now, the fan does from now on: it stays as it is.
insert into fans (event_id, account_id, verified_at, verified_by)
values ($1, $2, now(), 'invitation')
on conflict (event_id, account_id) do update set verified_at = now(), verified_by = 'invitation'
where fans.verified_at is null and fans.revoked_at is null
