-- The invitation of an address, locked until the transaction ends. $1 event id, $2 address. Result:
-- at most one row.
-- Invariant: a transaction that locks an invitation and a fan's row locks the invitation first.
select invitation_id, email, generation, redeemed_by, revoked_at is not null as revoked
from fan_invitations where event_id = $1 and email = $2
for update
