-- Fans. An account is known by its id everywhere else; the address only signs in.
create table accounts (
    account_id    uuid primary key,
    -- Case-folded before it comes here, so that the unique index sees one spelling.
    email         text not null unique check (length(email) between 3 and 254),
    name          text check (length(name) between 1 and 100),
    -- PHC string of argon2id.
    password_hash text not null,
    created_at    timestamptz not null default now()
);
