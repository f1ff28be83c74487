-- Draws from some accounts in byte order. $1 event id, $2 account id after which they begin, $3 the last of them, $4 what comes before
-- the account's id in its rank, $5 the highest rank that is drawn. Result: as many rows changed as were drawn.
update fans set verified_at = clock_timestamp(), verified_by = 'draw'
where event_id = $1 and account_id > $2 and account_id <= $3
    and registered_at is not null and verified_at is null and revoked_at is null
    and sha256($4::bytea || convert_to(account_id, 'UTF8')) <= $5::bytea
