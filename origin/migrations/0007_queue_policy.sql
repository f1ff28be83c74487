-- How an event's queue treats people: QueuePolicy in shared/, told to the edge with the event.
alter table on_sales add column policy jsonb not null default '{}';
