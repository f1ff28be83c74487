-- Another step towards the provider follows: the order stays with the one who works on it.
-- $1 order_id, $2 lease, $3 lease in seconds. No row: the lease was lost.
update orders
set lease_until = now() + make_interval(secs => $3)
where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
returning order_id
