-- The seats of a section that are sold as far as PostgreSQL knows: what a rebuild of the section puts into Redis.
-- $1 event_id, $2 section_code. Reserved tickets count: their charge may be going through right now.
select seat_id, order_id::text
from tickets
where event_id = $1 and section_code = $2 and state in ('reserved', 'active')
