-- Revokes an account: it is no verified fan, and no selection or code makes it one. $1 event id,
-- $2 account id. The row exists.
update fans set revoked_at = now(), verified_at = null, verified_by = null where event_id = $1 and account_id = $2
