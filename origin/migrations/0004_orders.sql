-- What was sold: orders with every step they took, tickets, and what the world is to be told.

-- One row per fan and event, locked while an order begins: orders of one fan begin one after the other, so that the
-- per-person limit is judged on what is really there.
create table buyers (
    account_id text not null,
    event_id   text not null references events,
    seen_at    timestamptz not null,
    primary key (account_id, event_id)
);

create table orders (
    order_id        uuid primary key,
    -- `sub` of the account token; not a foreign key, since the issuer of accounts may be somebody else.
    account_id      text not null,
    event_id        text not null references events,
    -- Also the owner of the seats' locks in Redis.
    cart_id         text not null,
    -- `jti` of the shop token.
    session_id      text not null,
    idempotency_key text not null,
    -- SHA-256 of what was asked for: the same key with another request is refused.
    request_hash    bytea not null,
    status          text not null check (status in ('pending', 'confirming', 'confirmed', 'failed')),
    -- Machine word, and the provider's reason where there is one.
    failure         text check ((failure is not null) = (status = 'failed')),
    failure_detail  text,
    currency        text not null,
    -- Minor units.
    total           bigint not null check (total >= 0),
    -- [{"seat_id", "section", "price", "fee"}], at least one.
    seats           jsonb not null check (jsonb_array_length(seats) > 0),
    -- The provider's token of the card. Needed to repeat an authorisation with the same request; gone when the order ends.
    payment_token   text check (payment_token is null or status in ('pending', 'confirming')),
    -- SHA-256 of it: whether many accounts use one card. Null for the provider's shared test cards.
    card_hash       bytea,
    -- The provider may have been asked: a crash may have left money held.
    asked_provider  boolean not null default false,
    provider        text,
    intent          text,
    -- Who works on this order now, and until when nobody else may. Every change of a live order names the lease it holds.
    lease           uuid not null,
    lease_until     timestamptz not null,
    -- Redis has been told how it ended.
    settled         boolean not null default false,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    -- A confirming or confirmed order knows who holds its money.
    check (status in ('pending', 'failed') or (provider is not null and intent is not null)),
    unique (account_id, idempotency_key)
);

-- One checkout of a cart at a time, whatever keys it is sent with.
create unique index orders_one_live_per_cart on orders (cart_id) where status in ('pending', 'confirming');
create index orders_to_recover on orders (lease_until) where status in ('pending', 'confirming') or not settled;
create index orders_pending on orders (account_id, event_id) where status = 'pending';
create index orders_by_account on orders (account_id, created_at desc);
create index orders_by_card on orders (card_hash, created_at) where card_hash is not null;

create table order_steps (
    step_id  bigint generated always as identity primary key,
    order_id uuid not null references orders,
    at       timestamptz not null default clock_timestamp(),
    step     text not null,
    -- The lease under which it was taken: shows which process or recovery did it.
    lease    uuid not null,
    detail   text
);

create index order_steps_by_order on order_steps (order_id, step_id);

create table tickets (
    ticket_id    uuid primary key default gen_random_uuid(),
    order_id     uuid not null references orders,
    account_id   text not null,
    event_id     text not null references events,
    section_code text not null,
    seat_id      text not null,
    price        bigint not null check (price >= 0),
    fee          bigint not null check (fee >= 0),
    state        text not null check (state in ('reserved', 'active', 'void')),
    created_at   timestamptz not null default now()
);

-- The last judge: whatever Redis believes, a seat of an event has at most one live ticket.
create unique index tickets_one_live_per_seat on tickets (event_id, seat_id) where state in ('reserved', 'active');
create index tickets_by_order on tickets (order_id);
create index tickets_by_account on tickets (account_id, event_id) where state in ('reserved', 'active');

-- What happened to orders, for whoever is to be told. A row is written in the transaction that made it true.
create table outbox (
    outbox_id  bigint generated always as identity primary key,
    order_id   uuid not null references orders,
    kind       text not null,
    payload    jsonb not null,
    created_at timestamptz not null default now(),
    sent_at    timestamptz
);

create index outbox_unsent on outbox (outbox_id) where sent_at is null;
