-- Makes an account a verified fan by invitation. $1 event id, $2 account id. Result: one row changed; none if it is verified or
-- revoked, and then its row is locked.
-- Invariant: by the clock of this moment, so that a draw tells whether it had begun by then; see begin_draw.sql.
-- Invariant: the invitation counted in fan_programmes.promised until now, the fan does from now on: it stays as it is.
insert into fans (event_id, account_id, verified_at, verified_by)
values ($1, $2, clock_timestamp(), 'invitation')
on conflict (event_id, account_id) do update set verified_at = clock_timestamp(), verified_by = 'invitation'
where fans.verified_at is null and fans.revoked_at is null
