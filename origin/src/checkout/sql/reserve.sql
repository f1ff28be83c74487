-- pending -> confirming: the money is held, the tickets are reserved.
-- Invariant: the unique index on live tickets decides whether all seats are free. If one is not,
-- the whole statement fails and nothing has changed.
-- $1 order_id, $2 lease, $3 provider, $4 intent, $5 lease in seconds. Result: the tickets. No rows:
-- the order lease was lost, or the order is being undone.
with changed as (
    update orders
    set status = 'confirming', provider = $3, intent = $4, lease_until = now() + make_interval(secs => $5),
        updated_at = now()
    where order_id = $1 and lease = $2 and status = 'pending' and undoing is null
    returning order_id, account_id, event_id, seats
), step as (
    insert into order_steps (order_id, step, lease, detail) select order_id, 'confirming', $2, $4 from changed
)
insert into tickets (order_id, account_id, event_id, section_code, seat_id, price, fee, state)
select changed.order_id, changed.account_id, changed.event_id, seat.section, seat.seat_id, seat.price, seat.fee, 'reserved'
from changed, jsonb_to_recordset(changed.seats) as seat (seat_id text, section text, price bigint, fee bigint)
-- All orders insert in the same sequence, so that two orders for the same seats wait for each other
-- without a deadlock.
order by seat.seat_id
returning ticket_id, seat_id
