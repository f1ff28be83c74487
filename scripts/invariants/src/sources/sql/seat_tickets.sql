-- All seat tickets of the event $1, whatever their state, with whether the event's venue has the seat.
select t.order_id::text, t.account_id, t.seat_id, t.state, t.price + t.fee as amount,
       s.seat_id is not null as seat_exists
from tickets t
join events e using (event_id)
left join seats s on s.venue_id = e.venue_id and s.seat_id = t.seat_id
where t.event_id = $1;
