-- The rank of the last account that a draw chooses. $1 event id, $2 when the draw began, $3 what comes before the account's id in
-- its rank, $4 how many are chosen, at least 1. Result: one row; none if there are fewer.
-- Invariant: while a draw is unfinished nobody registers and no admin changes anything, so the list is as it was when it
-- began: also who has redeemed an invitation since is in it, and takes a place that is not drawn again.
select sha256($3::bytea || convert_to(account_id, 'UTF8')) as rank from fans
where event_id = $1 and registered_at is not null and revoked_at is null
    and (verified_at is null or verified_at >= $2)
order by rank
offset $4::bigint - 1 limit 1
