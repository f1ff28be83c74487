-- The rank of the last account that a round selects. $1 event id, $2 when the round began, $3 the
-- bytes before the account's id in its rank, $4 how many accounts are selected, at least 1. Result:
-- one row; no row if there are fewer accounts.
-- Invariant: while a round is unfinished nobody registers and no admin changes anything, so the
-- list is as it was when the round began. An account that has redeemed an invitation since is in
-- the list too, and its place is not given to another.
select sha256($3::bytea || convert_to(account_id, 'UTF8')) as rank from fans
where event_id = $1 and registered_at is not null and revoked_at is null
    and (verified_at is null or verified_at >= $2)
order by rank
offset $4::bigint - 1 limit 1
