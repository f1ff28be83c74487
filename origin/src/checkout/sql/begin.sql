-- Begins an order, if the fan may have so many more seats and no other checkout of the cart is
-- under way.
--
-- Invariant: runs after lock_buyer.sql in the same transaction, as a statement of its own. Only
-- then does its snapshot have what an earlier holder of the lock has written.
-- $1 order_id, $2 account_id, $3 event_id, $4 cart_id, $5 session_id, $6 idempotency_key,
-- $7 request_hash, $8 currency, $9 total, $10 seats, $11 payment_token, $12 card_hash or null,
-- $13 lease, $14 lease in seconds, $15 most per person
-- Result: one row. `attempt` is the order's number among the orders of its cart. `begun` is false
-- if the key or the cart (`cart_busy`) is in use, or if the fan would have too many seats (`held`
-- and the new ones). Seats that a busy cart pays for count in `held`, so the caller must look at
-- `cart_busy` first.
with held as (
    select (select count(*) from tickets
            where account_id = $2 and event_id = $3 and state in ('reserved', 'active'))
         + (select coalesce(sum(jsonb_array_length(seats)), 0) from orders
            where account_id = $2 and event_id = $3 and status = 'pending') as seats
), begun as (
    insert into orders (order_id, account_id, event_id, cart_id, session_id, idempotency_key, request_hash, status,
                        currency, total, seats, payment_token, card_hash, lease, lease_until, attempt)
    select $1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10, $11, $12, $13, now() + make_interval(secs => $14),
           (select coalesce(max(attempt), 0) + 1 from orders where cart_id = $4)
    from held
    where held.seats + jsonb_array_length($10) <= $15
      -- A repeated key is answered with the order it made, whatever the limit is.
      and not exists (select from orders where account_id = $2 and idempotency_key = $6)
    on conflict do nothing
    returning order_id, attempt
), step as (
    insert into order_steps (order_id, step, lease) select order_id, 'pending', $13 from begun
)
select exists (select from begun) as begun,
       (select attempt from begun) as attempt,
       exists (select from orders where cart_id = $4 and status in ('pending', 'confirming')) as cart_busy,
       held.seats::bigint as held,
       (select count(*) from orders
        where account_id = $2 and failure = 'payment_declined' and created_at > now() - interval '1 hour'
       ) as declines_last_hour,
       (select count(distinct account_id) from orders
        where card_hash = $12 and account_id <> $2 and created_at > now() - interval '1 day'
       ) as other_accounts_with_card
from held
