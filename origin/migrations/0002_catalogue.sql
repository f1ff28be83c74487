-- What is sold: a venue with sections and seats, and an event in it with a price per section.

create table venues (
    venue_id  bigint generated always as identity primary key,
    name      text not null check (length(name) between 1 and 200),
    city      text not null check (length(city) between 1 and 100),
    latitude  double precision not null check (latitude between -90 and 90),
    longitude double precision not null check (longitude between -180 and 180)
);

-- Serves the bounding box of the geographic search; the distance itself is then computed for what is in the box.
create index venues_by_position on venues (latitude, longitude);

create table sections (
    venue_id bigint not null references venues,
    code     text not null check (code ~ '^[A-Za-z0-9]{1,16}$'),
    name     text not null check (length(name) between 1 and 100),
    capacity integer not null check (capacity > 0),
    -- Order in which sections are shown.
    ordinal  integer not null,
    primary key (venue_id, code)
);

create table seats (
    venue_id     bigint not null,
    -- Unique within the venue: section, row and number joined with '-'.
    seat_id      text not null,
    section_code text not null,
    row_label    text not null check (row_label ~ '^[A-Za-z0-9]{1,8}$'),
    number       integer not null check (number > 0),
    -- Order within the section: by row as created, then by number.
    ordinal      integer not null,
    primary key (venue_id, seat_id),
    foreign key (venue_id, section_code) references sections (venue_id, code)
);

create unique index seats_by_section on seats (venue_id, section_code, ordinal);

create table events (
    event_id     text primary key check (event_id ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
    venue_id     bigint not null references venues,
    name         text not null check (length(name) between 1 and 200),
    starts_at    timestamptz not null,
    on_sale_time timestamptz not null,
    -- ISO 4217, two decimals.
    currency     text not null check (currency ~ '^[A-Z]{3}$'),
    -- Most pending and active tickets of one account.
    per_person   integer not null check (per_person > 0),
    -- How long a seat is held in a cart, in milliseconds.
    lock_ms      bigint not null check (lock_ms > 0),
    -- A draft is shown to admins only.
    state        text not null default 'draft' check (state in ('draft', 'launched')),
    -- Words of the event's name, the venue's name and its city; kept here because a generated column sees one table only.
    search       tsvector not null,
    created_at   timestamptz not null default now()
);

create index events_by_words on events using gin (search);
create index events_by_start on events (starts_at, event_id) where state = 'launched';
create index events_by_venue on events (venue_id);

create table prices (
    event_id     text not null references events,
    section_code text not null,
    -- Minor units of the event's currency, per seat.
    price        bigint not null check (price >= 0),
    fee          bigint not null check (fee >= 0),
    primary key (event_id, section_code)
);
