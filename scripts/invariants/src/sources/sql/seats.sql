-- Section and seat id of every seat of the event $1, in the order of the venue.
select s.section_code, s.seat_id
from events e
join seats s using (venue_id)
where e.event_id = $1
order by s.section_code, s.ordinal;
