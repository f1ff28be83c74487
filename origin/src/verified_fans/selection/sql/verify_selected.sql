-- Verifies the selected accounts in a range of ids in byte order. $1 event id, $2 id before the
-- range, $3 last id of the range, $4 the bytes before the account's id in its rank, $5 highest
-- selected rank. Result: one changed row per selected account.
update fans set verified_at = clock_timestamp(), verified_by = 'draw'
where event_id = $1 and account_id > $2 and account_id <= $3
    and registered_at is not null and verified_at is null and revoked_at is null
    and sha256($4::bytea || convert_to(account_id, 'UTF8')) <= $5::bytea
