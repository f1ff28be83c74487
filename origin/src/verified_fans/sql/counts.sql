-- The number of fans of an event in each state. $1 event id. Result: one row; no row if the event
-- has no programme.
-- Invariant: triggers keep fan_counts up to date with every change of the rows that it counts.
select
    coalesce(sum(fan_counts.registered), 0)::bigint as registered,
    coalesce(sum(fan_counts.invited), 0)::bigint as invited,
    coalesce(sum(fan_counts.verified), 0)::bigint as verified,
    coalesce(sum(fan_counts.revoked), 0)::bigint as revoked
from fan_programmes left join fan_counts using (event_id)
where fan_programmes.event_id = $1
group by fan_programmes.event_id
