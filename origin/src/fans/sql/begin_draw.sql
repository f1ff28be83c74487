-- Begins a draw. $1 event id, $2 round, $3 how many or null for all, $4 and $5 how many are registered and the digest of them, $6
-- seed, $7 who begins it, $8 how many verified fans are promised with it.
-- Invariant: run with the programme locked for update and after the list was read under that lock. begun_at is the clock of
-- this moment: who redeems an invitation afterwards is in the list, and verified later.
insert into fan_draws (event_id, round, wanted, registered, registered_digest, seed, begun_by, promised, drawn, begun_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, clock_timestamp())
