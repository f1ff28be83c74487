-- Orders of one cart have numbers: what Redis is told of an order names it, so that word of an order that has ended never
-- touches the next one of the same cart.

alter table orders add column attempt integer check (attempt > 0);

update orders
set attempt = numbered.attempt
from (
    select order_id, row_number() over (partition by cart_id order by created_at, order_id) as attempt from orders
) as numbered
where orders.order_id = numbered.order_id;

alter table orders alter column attempt set not null;

-- Also how the last number of a cart is found. Orders of one cart begin under their buyer's row lock, so numbers follow
-- each other in the order in which the orders lived.
create unique index orders_by_cart on orders (cart_id, attempt);
