-- Holds off every other admin's change of an event's verified fans until this transaction ends.
-- $1 event id.
-- Invariant: a statement of its own. A statement that waits for a lock goes on with the snapshot
-- from before the wait, so only the next statement sees what the earlier holder has written. The
-- event's row exists before the programme does. The lock conflicts with itself, but not with rows
-- that only refer to the event.
select from events where event_id = $1 for no key update
