-- Verified fans by the million: a draw is worked off in pieces, counts are kept, and an invitation's code can be replaced.

-- A draw begins with its list and its seed fixed, and is over when drawn_at is there. What is left is in the row, so any
-- origin goes on with it.
alter table fan_draws
    alter column drawn_at drop not null,
    alter column drawn_at drop default,
    add column begun_at timestamptz not null default clock_timestamp(),
    add column begun_by text not null default 'admin',
    -- How many verified fans were promised when it began; `drawn` grows up to it.
    add column promised integer not null default 0 check (promised >= 0),
    -- The highest rank that is drawn; null until it was looked for.
    add column highest_rank bytea check (length(highest_rank) = 32),
    -- Accounts up to this one, in byte order, are done.
    add column looked_through text collate "C" not null default '';
update fan_draws set begun_at = drawn_at, promised = drawn;

-- One at a time, since the next draws from who is left.
create unique index fan_draws_unfinished on fan_draws (event_id) where drawn_at is null;

-- How many fans are in which state. In slots, so that fans who register together do not wait for one row: a transaction's
-- slot is its connection's, so that no two transactions wait for each other's second row.
create table fan_counts (
    event_id   text not null references fan_programmes,
    slot       integer not null check (slot between 0 and 63),
    -- Changes of that slot's connections; only the sum over all slots says how many there are.
    registered bigint not null default 0,
    verified   bigint not null default 0,
    revoked    bigint not null default 0,
    invited    bigint not null default 0,
    primary key (event_id, slot)
);

create function fan_count_slot() returns integer language sql stable as 'select pg_backend_pid() % 64';

-- A fan is counted where the most telling of its marks is.
create function count_inserted_fans() returns trigger language plpgsql as $$
begin
    insert into fan_counts (event_id, slot, registered, verified, revoked)
    select event_id, fan_count_slot(),
        count(*) filter (where registered_at is not null and verified_at is null and revoked_at is null),
        count(verified_at), count(revoked_at)
    from after_it group by event_id
    on conflict (event_id, slot) do update set
        registered = fan_counts.registered + excluded.registered,
        verified = fan_counts.verified + excluded.verified,
        revoked = fan_counts.revoked + excluded.revoked;
    return null;
end
$$;

create function count_updated_fans() returns trigger language plpgsql as $$
begin
    insert into fan_counts (event_id, slot, registered, verified, revoked)
    select event_id, fan_count_slot(), sum(registered), sum(verified), sum(revoked)
    from (
        select event_id,
            count(*) filter (where registered_at is not null and verified_at is null and revoked_at is null) as registered,
            count(verified_at) as verified, count(revoked_at) as revoked
        from after_it group by event_id
        union all
        select event_id,
            -count(*) filter (where registered_at is not null and verified_at is null and revoked_at is null),
            -count(verified_at), -count(revoked_at)
        from before_it group by event_id
    ) changes
    group by event_id
    on conflict (event_id, slot) do update set
        registered = fan_counts.registered + excluded.registered,
        verified = fan_counts.verified + excluded.verified,
        revoked = fan_counts.revoked + excluded.revoked;
    return null;
end
$$;

create trigger fans_inserted after insert on fans
    referencing new table as after_it for each statement execute function count_inserted_fans();
create trigger fans_updated after update on fans
    referencing old table as before_it new table as after_it for each statement execute function count_updated_fans();

-- An open invitation: neither redeemed nor taken back.
create function count_inserted_invitations() returns trigger language plpgsql as $$
begin
    insert into fan_counts (event_id, slot, invited)
    select event_id, fan_count_slot(), count(*) filter (where redeemed_by is null and revoked_at is null)
    from after_it group by event_id
    on conflict (event_id, slot) do update set invited = fan_counts.invited + excluded.invited;
    return null;
end
$$;

create function count_updated_invitations() returns trigger language plpgsql as $$
begin
    insert into fan_counts (event_id, slot, invited)
    select event_id, fan_count_slot(), sum(invited)
    from (
        select event_id, count(*) filter (where redeemed_by is null and revoked_at is null) as invited
        from after_it group by event_id
        union all
        select event_id, -count(*) filter (where redeemed_by is null and revoked_at is null)
        from before_it group by event_id
    ) changes
    group by event_id
    on conflict (event_id, slot) do update set invited = fan_counts.invited + excluded.invited;
    return null;
end
$$;

create trigger fan_invitations_inserted after insert on fan_invitations
    referencing new table as after_it for each statement execute function count_inserted_invitations();
create trigger fan_invitations_updated after update on fan_invitations
    referencing old table as before_it new table as after_it for each statement execute function count_updated_invitations();

insert into fan_counts (event_id, slot, registered, verified, revoked, invited)
select event_id, 0,
    (select count(*) from fans where fans.event_id = fan_programmes.event_id
        and registered_at is not null and verified_at is null and revoked_at is null),
    (select count(verified_at) from fans where fans.event_id = fan_programmes.event_id),
    (select count(revoked_at) from fans where fans.event_id = fan_programmes.event_id),
    (select count(*) from fan_invitations where fan_invitations.event_id = fan_programmes.event_id
        and redeemed_by is null and revoked_at is null)
from fan_programmes;

-- Part of the code's MAC: one more makes the codes given so far worthless.
alter table fan_invitations add column generation integer not null default 0 check (generation >= 0);
