-- Takes over orders whose order lease has ended. Several origins may run it at once: each gets
-- other orders.
-- $1 new lease, $2 lease in seconds, $3 most orders.
-- Result: the orders, with their new order lease.
update orders
set lease = $1, lease_until = now() + make_interval(secs => $2)
where order_id in (
    select order_id from orders
    where lease_until < now() and (status in ('pending', 'confirming') or not settled)
    order by lease_until
    limit $3
    for update skip locked
)
returning order_id, account_id, event_id, cart_id, attempt, status, currency, total, seats, payment_token,
          asked_provider, provider, intent, lease, (extract(epoch from created_at) * 1000)::bigint as created_ms, undoing,
          undoing_detail, failure, failure_detail
