-- A fan's row, locked until the transaction ends. $1 event id, $2 account id. Result: at most one
-- row.
-- Invariant: a transaction that locks an invitation and a fan's row locks the invitation first.
select verified_at is not null, revoked_at is not null from fans where event_id = $1 and account_id = $2 for update
