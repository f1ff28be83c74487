-- Takes an account off the verified fans, and keeps it from becoming one. $1 event id, $2 account id. Its row is there.
update fans set revoked_at = now(), verified_at = null, verified_by = null where event_id = $1 and account_id = $2
