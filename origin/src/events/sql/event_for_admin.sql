-- All settings of an event, drafts included. $1 event id. Result: at most one row.
select
    events.name, events.state, events.starts_at, events.on_sale_time, on_sales.launched_at, events.currency,
    venues.name as venue_name, venues.city, venues.latitude, venues.longitude,
    on_sales.most_per_second_milli, on_sales.most_shoppers, events.per_person, events.lock_ms, on_sales.turn_ms,
    on_sales.shopping_ms, on_sales.draw_window_ms, on_sales.shards, on_sales.challenge_max_number,
    on_sales.paused, on_sales.sold_out, on_sales.rate_milli, on_sales.edge_version, on_sales.policy
from events
join venues using (venue_id)
join on_sales using (event_id)
where event_id = $1
