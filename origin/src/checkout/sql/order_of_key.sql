-- The order that an account made with an idempotency key, and the digest of the request that made
-- it.
-- $1 account_id, $2 idempotency_key. Result: at most one row.
select order_id, request_hash from orders where account_id = $1 and idempotency_key = $2
