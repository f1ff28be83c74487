-- confirming -> confirmed: the money is charged, the tickets are active, the outbox has the sale.
-- $1 order_id, $2 lease. Result: the tickets. No rows: the order lease was lost, or the order is
-- being undone.
with changed as (
    update orders
    set status = 'confirmed', payment_token = null, updated_at = now()
    where order_id = $1 and lease = $2 and status = 'confirming' and undoing is null
    returning order_id, account_id, event_id, currency, total, seats, provider, intent
), step as (
    insert into order_steps (order_id, step, lease) select order_id, 'confirmed', $2 from changed
), told as (
    insert into outbox (order_id, kind, payload)
    select order_id, 'order_confirmed', to_jsonb(changed) from changed
)
update tickets set state = 'active'
from changed
where tickets.order_id = changed.order_id and tickets.state = 'reserved'
returning tickets.ticket_id, tickets.seat_id
