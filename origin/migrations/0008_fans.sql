-- Verified fans: who is let into the first tier of an event's draws, and how they came to it.

-- An event without a row has no verified fans. Every change by an admin locks the event's row first, so that of two at once
-- one sees what the other did.
create table fan_programmes (
    event_id               text primary key references events,
    -- Both or none; without them there are verified fans by invitation and by an admin's word only.
    registration_opens_at  timestamptz,
    registration_closes_at timestamptz,
    most_fans              integer check (most_fans > 0),
    -- Verified fans and open invitations together: whoever is invited must not find the house full. Changed only together
    -- with the rows that it counts.
    promised               integer not null default 0 check (promised >= 0),
    check ((registration_opens_at is null) = (registration_closes_at is null)),
    check (registration_opens_at < registration_closes_at),
    constraint fan_programmes_have_room check (promised <= most_fans)
);

create table fans (
    event_id      text not null references fan_programmes,
    -- `sub` of the account token; not a foreign key, since the issuer of accounts may be somebody else. In byte order, as a
    -- draw's digest takes it.
    account_id    text collate "C" not null,
    registered_at timestamptz,
    verified_at   timestamptz,
    verified_by   text check (verified_by in ('draw', 'admin', 'invitation')),
    -- Taken back by an admin, and only an admin can give it again.
    revoked_at    timestamptz,
    primary key (event_id, account_id),
    check ((verified_at is null) = (verified_by is null)),
    check (verified_at is null or revoked_at is null)
);

-- Who is in the next draw.
create index fans_to_draw on fans (event_id, account_id)
    where registered_at is not null and verified_at is null and revoked_at is null;

-- One row per drawing of verified fans from the registered: a round is drawn once, whatever is repeated.
create table fan_draws (
    event_id          text not null references fan_programmes,
    round             integer not null check (round > 0),
    -- How many were asked for; null: all.
    wanted            integer check (wanted > 0),
    registered        integer not null,
    -- SHA-256 of the registered accounts' ids in byte order, joined by line feeds: pins who was in the draw.
    registered_digest bytea not null check (length(registered_digest) = 32),
    seed              bytea not null check (length(seed) = 32),
    drawn             integer not null,
    drawn_at          timestamptz not null default now(),
    primary key (event_id, round)
);

create table fan_invitations (
    -- First part of the code; the rest is a MAC over event and address, and stored nowhere.
    invitation_id bigint generated always as identity primary key,
    event_id      text not null references fan_programmes,
    -- Case-folded as accounts' addresses are. There need not be an account with it.
    email         text not null check (length(email) between 3 and 254),
    invited_at    timestamptz not null default now(),
    redeemed_by   text,
    redeemed_at   timestamptz,
    revoked_at    timestamptz,
    check ((redeemed_by is null) = (redeemed_at is null)),
    -- Once per address and once per account.
    unique (event_id, email),
    unique (event_id, redeemed_by)
);
