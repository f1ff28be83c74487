-- Leaves an order to recovery, because what happened is unknown: shortens its order lease to a
-- pause. The pause grows with the order's age, so that a provider that is away for hours is not
-- asked, and logged, every second.
-- $1 order_id, $2 lease, $3 why, $4 longest pause in seconds
with changed as (
    update orders
    set lease_until = now() + make_interval(secs => least($4, extract(epoch from now() - created_at) / 4))
    where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
    returning order_id
)
insert into order_steps (order_id, step, lease, detail) select order_id, 'in_doubt', $2, $3 from changed
