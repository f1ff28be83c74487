-- Holds off every other admin's change of an event's fans until this transaction ends. $1 event id.
-- Invariant: a statement of its own. Who waits for a lock goes on with what the statement saw before it waited, so what the
-- other one did is seen only by the next statement. The event's row is there before the programme is; the lock conflicts with
-- itself, but not with those who only refer to the event.
select from events where event_id = $1 for no key update
