-- An account's orders with their active seat tickets, newest first.
-- $1 account_id, $2 order_id or null for all, $3 idempotency_key or null for all, $4 most rows
-- Result: at most $4 rows; `tickets` is a JSON list of [ticket_id, seat_id].
select order_id, event_id, status, failure, failure_detail, currency, total,
       (select coalesce(jsonb_agg(jsonb_build_array(ticket_id, seat_id) order by seat_id), '[]')
        from tickets
        where tickets.order_id = orders.order_id and tickets.state = 'active') as tickets
from orders
where account_id = $1
  and ($2::uuid is null or order_id = $2)
  and ($3::text is null or idempotency_key = $3)
order by created_at desc, order_id
limit $4
