-- Sets the queue's policy, with a new version. $1 event id, $2 policy. Result: at most one row, as it is now.
-- Invariant: as in next_version.sql.
update on_sales
set policy = $2, edge_version = edge_version + 1
from events
where on_sales.event_id = $1 and events.event_id = on_sales.event_id
returning
    events.name, events.on_sale_time, on_sales.most_per_second_milli, on_sales.most_shoppers, on_sales.paused, on_sales.shards,
    on_sales.draw_window_ms, on_sales.turn_ms, on_sales.shopping_ms, on_sales.challenge_max_number, on_sales.edge_version,
    on_sales.rate_milli, on_sales.sold_out, on_sales.policy
