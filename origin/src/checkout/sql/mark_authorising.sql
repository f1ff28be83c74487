-- Marks that the provider is about to be asked: from here on a crash may leave money held. Renews
-- the order lease.
-- $1 order_id, $2 lease, $3 lease in seconds. Result: one row. No row: the order lease was lost.
with changed as (
    update orders
    set asked_provider = true, lease_until = now() + make_interval(secs => $3), updated_at = now()
    where order_id = $1 and lease = $2 and status = 'pending' and undoing is null
    returning order_id
), step as (
    insert into order_steps (order_id, step, lease) select order_id, 'authorising', $2 from changed
)
select order_id from changed
