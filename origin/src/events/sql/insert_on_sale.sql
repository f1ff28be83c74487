-- Inserts the settings of an on-sale that has not begun. $1 event id, $2 most per second in thousandths, $3 most shoppers, $4 shards,
-- $5 draw window, $6 turn and $7 shopping time in ms, $8 largest number of a proof of work,
-- $9 the queue's policy.
insert into on_sales (
    event_id, most_per_second_milli, most_shoppers, shards, draw_window_ms, turn_ms, shopping_ms, challenge_max_number, policy
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
