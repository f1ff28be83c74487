-- Launched events that have not started, by start and id.
-- $1 words or null; $2 latitude, $3 longitude, $4 radius in km, or all null; $5 south, $6 north, $7 west, $8 east of a box
-- around that circle (west > east: across the 180th meridian); $9 the earth's diameter in km; $10 start and $11 id of the
-- last event of the page before, or null; $12 most rows.
-- Invariant: the box contains the circle, so the index narrows and the distance decides.
with found as (
    select
        events.event_id, events.name, events.starts_at, events.on_sale_time, on_sales.sold_out, events.currency,
        venues.name as venue_name, venues.city, venues.latitude, venues.longitude,
        -- Haversine; least() because rounding may pass 1 for antipodes. Without a place there is no distance: least()
        -- takes null for nothing at all.
        case when $2::float8 is not null then $9 * asin(least(1, sqrt(
            power(sin(radians(venues.latitude - $2) / 2), 2)
            + cos(radians($2)) * cos(radians(venues.latitude)) * power(sin(radians(venues.longitude - $3) / 2), 2)
        ))) end as distance_km
    from events
    join venues using (venue_id)
    join on_sales using (event_id)
    where events.state = 'launched'
        and events.starts_at > now()
        and ($1::text is null or events.search @@ websearch_to_tsquery('simple', $1))
        and (
            $4::float8 is null
            or (
                venues.latitude between $5 and $6
                and (
                    ($7 <= $8 and venues.longitude between $7 and $8)
                    or ($7 > $8 and (venues.longitude >= $7 or venues.longitude <= $8))
                )
            )
        )
        and ($10::timestamptz is null or (events.starts_at, events.event_id) > ($10, $11))
)
select found.*, (select min(price) from prices where prices.event_id = found.event_id) as price_from
from found
where $4::float8 is null or distance_km <= $4
order by starts_at, event_id
limit $12
