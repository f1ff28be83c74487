-- How many fans of an event are in which state. $1 event id. Result: one row; none where the event has no verified fans.
select
    (select count(*) from fans where event_id = $1
        and registered_at is not null and verified_at is null and revoked_at is null) as registered,
    (select count(*) from fan_invitations where event_id = $1 and redeemed_by is null and revoked_at is null) as invited,
    (select count(*) from fans where event_id = $1 and verified_at is not null) as verified,
    (select count(*) from fans where event_id = $1 and revoked_at is not null) as revoked
from fan_programmes where event_id = $1
