-- The status of an account among the verified fans of a launched event. $1 event id, $2 account id,
-- $3 the account id as a uuid, null if it is none. Result: at most one row; a draft has none.
select
    events.starts_at,
    clock_timestamp() as now,
    fan_programmes.event_id is not null as offered,
    fan_programmes.registration_opens_at as opens_at,
    fan_programmes.registration_closes_at as closes_at,
    fans.registered_at is not null as registered,
    fans.verified_at is not null as verified,
    fans.revoked_at is not null as revoked,
    exists (
        select from accounts join fan_invitations using (email)
        where accounts.account_id = $3 and fan_invitations.event_id = $1
            and fan_invitations.redeemed_by is null and fan_invitations.revoked_at is null
    ) as invited,
    exists (select from fan_draws where event_id = $1 and drawn_at is not null) as selection_ended
from events
left join fan_programmes using (event_id)
left join fans on fans.event_id = events.event_id and fans.account_id = $2
where events.event_id = $1 and events.state = 'launched'
