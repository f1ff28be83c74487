-- The live tickets of some seats, with their orders.
-- $1 event_id, $2 seat ids. Result: at most one row per seat.
select section_code, seat_id, order_id::text
from tickets
where event_id = $1 and seat_id = any($2) and state in ('reserved', 'active')
