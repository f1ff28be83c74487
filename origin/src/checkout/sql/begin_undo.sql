-- Decides that an order will fail, before its payment is undone. Renews the order lease.
-- Invariant: the first decision stays, and no order with a decision is confirmed.
-- $1 order_id, $2 lease, $3 failure, $4 detail or null, $5 lease in seconds. Result: one row. No
-- row: the order lease was lost.
with changed as (
    update orders
    set undoing = coalesce(undoing, $3),
        undoing_detail = case when undoing is null then $4 else undoing_detail end,
        lease_until = now() + make_interval(secs => $5), updated_at = now()
    where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
    returning order_id
), step as (
    insert into order_steps (order_id, step, lease, detail)
    select order_id, 'undoing', $2, concat_ws(': ', $3::text, $4::text) from changed
)
select order_id from changed
