-- The seats of a section with a live seat ticket: a rebuild of the section puts them into Redis as sold.
-- $1 event_id, $2 section_code. Reserved tickets count: their charge may be going through right now.
select seat_id, order_id::text
from tickets
where event_id = $1 and section_code = $2 and state in ('reserved', 'active')
