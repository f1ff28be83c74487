-- Gives an order to recovery at once: what happened is not known. $1 order_id, $2 lease, $3 why
with changed as (
    update orders set lease_until = now() where order_id = $1 and lease = $2 and status in ('pending', 'confirming')
    returning order_id
)
insert into order_steps (order_id, step, lease, detail) select order_id, 'in_doubt', $2, $3 from changed
