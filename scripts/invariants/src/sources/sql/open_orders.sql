-- How many orders of the event $1 have not ended.
select count(*) from orders where event_id = $1 and status in ('pending', 'confirming');
