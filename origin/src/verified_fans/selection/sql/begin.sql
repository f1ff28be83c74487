-- Begins a round. $1 event id, $2 round, $3 how many fans to select or null for all, $4 and
-- $5 number and digest of the registered fans, $6 seed, $7 name of the admin, $8 promised verified
-- fans.
-- Invariant: runs with the programme locked for update, after the list was read under that lock.
-- begun_at is the clock of this moment: a fan who redeems an invitation afterwards is in the list,
-- and is verified later.
insert into fan_draws (event_id, round, wanted, registered, registered_digest, seed, begun_by, promised, drawn, begun_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, clock_timestamp())
