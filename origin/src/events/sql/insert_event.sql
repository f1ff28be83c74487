-- Inserts a draft. $1 event id, $2 venue id, $3 name, $4 starts at, $5 on-sale time, $6 currency, $7 per person, $8 lock ms,
-- $9 all words that find it. Result: one row inserted, none if the id is taken.
insert into events (event_id, venue_id, name, starts_at, on_sale_time, currency, per_person, lock_ms, search)
values ($1, $2, $3, $4, $5, $6, $7, $8, to_tsvector('simple', $9))
on conflict (event_id) do nothing
