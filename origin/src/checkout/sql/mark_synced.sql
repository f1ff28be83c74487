-- Marks that Redis knows how the order ended. $1 order_id
with changed as (
    update orders set settled = true
    where order_id = $1 and status in ('confirmed', 'failed') and not settled
    returning order_id, lease
)
insert into order_steps (order_id, step, lease) select order_id, 'settled', lease from changed
