-- Reads an on-sale. $1 event id. Result: at most one row.
select
    events.name, events.on_sale_time, on_sales.most_per_second_milli, on_sales.most_shoppers, on_sales.paused, on_sales.shards,
    on_sales.draw_window_ms, on_sales.turn_ms, on_sales.shopping_ms, on_sales.challenge_max_number, on_sales.edge_version,
    on_sales.rate_milli, on_sales.sold_out, on_sales.policy
from on_sales join events using (event_id)
where event_id = $1
