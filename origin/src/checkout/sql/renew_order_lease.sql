-- Renews the order lease of a live order before another step towards the provider.
-- $1 order_id, $2 lease, $3 lease in seconds. Result: one row. No row: the order lease was lost.
update orders
set lease_until = now() + make_interval(secs => $3)
where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
returning order_id
