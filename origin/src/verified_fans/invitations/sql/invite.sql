-- Invites addresses that were not invited before. $1 event id, $2 addresses. Result: how many of
-- them have an account.
-- Invariant: runs under the event's lock, after the caller has counted the addresses in
-- fan_programmes.promised. An address that was invited before fails the statement, and the
-- transaction with it.
with invited as (
    insert into fan_invitations (event_id, email)
    select $1, list.email from unnest($2::text[]) with ordinality as list (email, line) order by list.line
    returning email
)
select count(*) from invited join accounts using (email)
