-- A launched event with its venue. $1 event id. Result: at most one row, none for a draft.
select
    events.name, events.starts_at, events.on_sale_time, on_sales.sold_out, events.currency, events.per_person,
    events.lock_ms, venues.name as venue_name, venues.city, venues.latitude, venues.longitude,
    exists (select from fan_programmes where event_id = $1) as verified_fans
from events
join venues using (venue_id)
join on_sales using (event_id)
where events.event_id = $1 and events.state = 'launched'
