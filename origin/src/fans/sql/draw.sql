-- Draws verified fans from the registered, and keeps how. $1 event id, $2 round, $3 how many or null for all, $4 seed, $5 what
-- comes before the account's id in its rank. Result: the round's row.
-- Invariant: run under the event's lock, with the programme locked for update, so that nobody is registered meanwhile.
with registered as (
    select account_id from fans
    where event_id = $1 and registered_at is not null and verified_at is null and revoked_at is null
),
chosen as (
    select account_id from registered
    order by sha256($5::bytea || convert_to(account_id, 'UTF8')), account_id
    limit $3
),
drawn as (
    update fans set verified_at = now(), verified_by = 'draw'
    from chosen
    where fans.event_id = $1 and fans.account_id = chosen.account_id
        -- Judged again under the row's lock: whoever was chosen may have been taken off since.
        and fans.verified_at is null and fans.revoked_at is null
    returning fans.account_id
)
insert into fan_draws (event_id, round, wanted, registered, registered_digest, seed, drawn)
select
    $1, $2, $3, (select count(*) from registered),
    (select sha256(convert_to(coalesce(string_agg(account_id, e'\n' order by account_id), ''), 'UTF8'))
     from registered),
    $4, (select count(*) from drawn)
returning wanted, registered, registered_digest, seed, drawn, drawn_at
