-- Reads the seats and counters of a section at one instant.
--
-- ARGV    none
-- Result  {'seats', now, capacity, locked, sold, {seat, holder, …}, {seat, …}}
--         the last but one is `held` as it is; the last are the seats in it with an expired lock, which count as
--         available
--         {'unloaded'}
-- Invariant  Reads only. capacity - locked - sold seats are available.
if not is_loaded() then return { 'unloaded' } end
local now = now_ms()
local meta = redis.call('HMGET', META, 'capacity', 'sold')
return {
  'seats',
  now,
  tonumber(meta[1]),
  redis.call('ZCOUNT', DUE, '(' .. now, '+inf'),
  tonumber(meta[2]),
  redis.call('HGETALL', HELD),
  redis.call('ZRANGEBYSCORE', DUE, '-inf', now),
}
