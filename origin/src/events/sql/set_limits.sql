-- Sets the meter's limits. $1 event id, $2 most per second in thousandths or null, $3 most shoppers or null; null keeps the old value.
-- Result: at most one row, as it is now. The meter reads it within a second; the edge is not told of limits.
update on_sales
set most_per_second_milli = coalesce($2, most_per_second_milli), most_shoppers = coalesce($3, most_shoppers)
from events
where on_sales.event_id = $1 and events.event_id = on_sales.event_id
returning
    events.name, events.on_sale_time, on_sales.most_per_second_milli, on_sales.most_shoppers, on_sales.paused, on_sales.shards,
    on_sales.draw_window_ms, on_sales.turn_ms, on_sales.shopping_ms, on_sales.challenge_max_number, on_sales.edge_version,
    on_sales.rate_milli, on_sales.sold_out, on_sales.policy
