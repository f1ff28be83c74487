-- pending or confirming -> failed: nothing is held or charged any more, reserved tickets are void.
-- $1 order_id, $2 lease, $3 failure, $4 detail or null, $5 whether the idempotency key may be used
-- again
-- Result: one row. No row: the order lease was lost.
with before as (
    select order_id, status from orders
    where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
    for update
), changed as (
    update orders
    set status = 'failed', failure = $3, failure_detail = $4, payment_token = null, updated_at = now(),
        -- A key cannot have a space, so no request can send the freed key.
        idempotency_key = case when $5 then idempotency_key || ' released ' || orders.order_id else idempotency_key end
    from before
    where orders.order_id = before.order_id
    returning orders.order_id, account_id, event_id, failure, before.status as was
), step as (
    insert into order_steps (order_id, step, lease, detail)
    select order_id, 'failed', $2, concat_ws(': ', $3::text, $4::text) from changed
), void as (
    update tickets set state = 'void' from changed where tickets.order_id = changed.order_id and state = 'reserved'
), told as (
    -- Only an order that held money is of interest outside.
    insert into outbox (order_id, kind, payload)
    select order_id, 'order_failed', to_jsonb(changed) - 'was' from changed where was = 'confirming'
)
select order_id from changed
