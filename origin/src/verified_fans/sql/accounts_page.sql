-- Accounts that have registered, are verified or were revoked, in byte order.
-- $1 event id, $2 `registered`, `verified` or `revoked`, or null for all, $3 id after which the
-- page begins, $4 most rows.
with page as (
    select * from fans
    where event_id = $1 and account_id > $3
        and case $2
            when 'registered' then registered_at is not null and verified_at is null and revoked_at is null
            when 'verified' then verified_at is not null
            when 'revoked' then revoked_at is not null
            else true
        end
    order by account_id
    limit $4
)
select page.account_id, accounts.email, page.registered_at, page.verified_at, page.verified_by, page.revoked_at
from page
-- By the uuid, which is indexed. An id that is no uuid belongs to another issuer's account.
left join accounts on accounts.account_id = case when page.account_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    then page.account_id::uuid end
order by page.account_id
