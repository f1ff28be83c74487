-- A ticket that may be shown: active, and if $2 is not null that account's.
-- $1 ticket_id, $2 account_id or null.
select ticket_id
from tickets
where ticket_id = $1 and state = 'active' and ($2::text is null or account_id = $2)
