-- How an event is put on sale, and who changed what.

create table on_sales (
    event_id              text primary key references events,
    -- The admin's limits of the meter; a rate is in thousandths of a place per second.
    most_per_second_milli bigint not null check (most_per_second_milli >= 0),
    most_shoppers         integer not null check (most_shoppers >= 0),
    paused                boolean not null default false,
    -- What the edge is told once, at launch; see PutEvent in shared/ for the limits.
    shards                integer not null,
    draw_window_ms        bigint not null,
    turn_ms               bigint not null,
    shopping_ms           bigint not null,
    challenge_max_number  bigint not null,
    -- Version of the last message to the edge. It grows in the same statement that reads what the message says, so a
    -- message with old news always has a smaller version than the one with the change, whichever arrives first.
    edge_version          bigint not null default 0,
    -- The release last decided by the meter.
    rate_milli            bigint not null default 0,
    sold_out              boolean not null default false,
    launched_at           timestamptz
);

create table audit_log (
    audit_id bigint generated always as identity primary key,
    at       timestamptz not null default now(),
    -- The name the admin gave; one token is shared by all, so this is what they say, not proof.
    who      text not null,
    what     text not null,
    event_id text,
    before   jsonb,
    after    jsonb
);
