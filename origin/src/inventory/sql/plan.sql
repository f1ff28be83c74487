-- All seats of an event with their section and price, by section and position.
-- $1 event_id. Seats without a price in this event are not sold in it.
select seats.section_code, prices.price, prices.fee, seats.seat_id, seats.row_label, seats.number
from events
join prices using (event_id)
join sections on sections.venue_id = events.venue_id and sections.code = prices.section_code
join seats on seats.venue_id = events.venue_id and seats.section_code = prices.section_code
where events.event_id = $1
order by sections.ordinal, sections.code, seats.ordinal
