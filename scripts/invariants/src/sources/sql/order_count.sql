-- How many orders of the event $1 there are, whatever became of them.
select count(*) from orders where event_id = $1;
