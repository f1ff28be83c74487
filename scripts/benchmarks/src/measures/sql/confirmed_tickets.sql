-- How many active seat tickets of confirmed orders the event $1 has.
select count(*)
from tickets
join orders using (order_id)
where tickets.event_id = $1 and state = 'active' and status = 'confirmed';
