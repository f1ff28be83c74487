-- Makes an account a verified fan by invitation. $1 event id, $2 account id. Result: one changed
-- row; none if the account is verified or revoked, and then its row is locked.
-- Invariant: verified_at is the clock of this moment, which tells a round whether it had begun by
-- then; see selection/sql/begin.sql.
-- Invariant: fan_programmes.promised counted the invitation until now, and counts the fan from now
-- on: it stays as it is.
insert into fans (event_id, account_id, verified_at, verified_by)
values ($1, $2, clock_timestamp(), 'invitation')
on conflict (event_id, account_id) do update set verified_at = clock_timestamp(), verified_by = 'invitation'
where fans.verified_at is null and fans.revoked_at is null
