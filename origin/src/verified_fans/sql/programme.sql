-- An event's programme for verified fans, read for an admin's change. $1 event id. Result: one row;
-- its settings are null and `offered` is false if the event has no programme. No row if there is no
-- event.
-- Invariant: runs after lock_event.sql in the same transaction, so that nothing in it is from
-- before the lock.
select
    events.on_sale_time, events.starts_at, clock_timestamp() as now,
    fan_programmes.event_id is not null as offered,
    fan_programmes.registration_opens_at as opens_at, fan_programmes.registration_closes_at as closes_at,
    exists (select from fan_draws where fan_draws.event_id = $1 and drawn_at is null) as selection_under_way,
    fan_programmes.most_fans, coalesce(fan_programmes.promised, 0) as promised
from events left join fan_programmes using (event_id)
where events.event_id = $1
