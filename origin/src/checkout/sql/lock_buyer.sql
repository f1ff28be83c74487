-- Takes the row lock under which an order of this fan for this event begins. The transaction's end
-- releases it.
-- $1 account_id, $2 event_id
insert into buyers (account_id, event_id, seen_at) values ($1, $2, now())
on conflict (account_id, event_id) do update set seen_at = excluded.seen_at
