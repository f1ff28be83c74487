-- An invitation, locked until the transaction ends. $1 event id, $2 invitation id. Result: at most
-- one row.
-- Invariant: a transaction that locks an invitation and a fan's row locks the invitation first.
select email, generation, redeemed_by, revoked_at is not null as revoked
from fan_invitations
where event_id = $1 and invitation_id = $2
for update
