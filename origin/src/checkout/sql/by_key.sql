-- The order an account made with an idempotency key, and whether it was made by the same request.
-- $1 account_id, $2 idempotency_key
select order_id, request_hash from orders where account_id = $1 and idempotency_key = $2
