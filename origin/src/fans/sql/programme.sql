-- An event's programme for verified fans, read for a change by an admin. $1 event id. Result: one row; its settings are null
-- and `offered` false where there is none, no row where there is no event.
-- Invariant: run after lock_event.sql in the same transaction, so that nothing of it is from before the lock.
select
    events.on_sale_time, events.starts_at, clock_timestamp() as now,
    fan_programmes.event_id is not null as offered,
    fan_programmes.registration_opens_at as opens_at, fan_programmes.registration_closes_at as closes_at,
    exists (select from fan_draws where fan_draws.event_id = $1 and drawn_at is null) as drawing,
    fan_programmes.most_fans, coalesce(fan_programmes.promised, 0) as promised
from events left join fan_programmes using (event_id)
where events.event_id = $1
