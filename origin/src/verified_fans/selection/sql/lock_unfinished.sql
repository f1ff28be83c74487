-- A round that has not ended, locked until the transaction ends. $1 event id, $2 round.
-- Result: one row. No row: the round has ended, or another worker holds its lock.
select wanted, registered, registered_digest, seed, promised, drawn, highest_rank, looked_through, begun_by, begun_at
from fan_draws
where event_id = $1 and round = $2 and drawn_at is null
for update skip locked
