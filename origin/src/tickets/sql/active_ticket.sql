-- A seat ticket that may be shown: it is active and, if $2 is not null, of that account.
-- $1 ticket_id, $2 account_id or null. Result: at most one row.
select ticket_id
from tickets
where ticket_id = $1 and state = 'active' and ($2::text is null or account_id = $2)
