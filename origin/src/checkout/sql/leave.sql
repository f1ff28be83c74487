-- Gives an order to recovery soon: what happened is not known. $1 order_id, $2 lease, $3 why, $4 longest pause in seconds
-- The older the order, the longer the pause: a provider that is away for hours is not asked, and written about, every second.
with changed as (
    update orders
    set lease_until = now() + make_interval(secs => least($4, extract(epoch from now() - created_at) / 4))
    where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
    returning order_id
)
insert into order_steps (order_id, step, lease, detail) select order_id, 'in_doubt', $2, $3 from changed
