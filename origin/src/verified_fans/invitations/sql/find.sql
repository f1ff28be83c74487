-- The invitations of some addresses. $1 event id, $2 addresses. Result: one row per address that
-- was ever invited.
select invitation_id, email, generation, redeemed_by, revoked_at is not null as revoked
from fan_invitations where event_id = $1 and email = any($2::text[])
