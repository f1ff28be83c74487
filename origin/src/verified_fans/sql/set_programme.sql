-- Gives an event a programme for verified fans, or changes its settings. $1 event id, $2 and
-- $3 when registration opens and closes or null, $4 most fans or null.
insert into fan_programmes (event_id, registration_opens_at, registration_closes_at, most_fans)
values ($1, $2, $3, $4)
on conflict (event_id) do update
set registration_opens_at = $2, registration_closes_at = $3, most_fans = $4
