-- The account of an e-mail address, and what its token says of it. $1 e-mail address, folded.
-- Result: at most one row: id, password hash, second since 1970 in which it was made, whether it has
-- bought before.
select
    account_id,
    password_hash,
    floor(extract(epoch from created_at))::bigint as since,
    exists (
        select from orders
        where orders.account_id = accounts.account_id::text and orders.status = 'confirmed'
    ) as bought
from accounts
where email = $1
