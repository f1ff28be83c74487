-- The sections of an event with their prices, in the order in which they are shown. $1 event id.
select sections.code, sections.name, prices.price, prices.fee, sections.capacity
from events
join prices using (event_id)
join sections on sections.venue_id = events.venue_id and sections.code = prices.section_code
where events.event_id = $1
order by sections.ordinal, sections.code
