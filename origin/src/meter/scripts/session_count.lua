-- Counts shopping sessions and forgets what has ended.
-- KEYS  1 sessions, 2 places, 3 completed (one hash slot)
-- ARGV  1 place
-- Result: {shopping now, seen with a place after ARGV[1]}
-- Invariant: by Redis's clock, so that origins with different clocks count alike.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- A completed session may ask again until its token ends; an end may move later by a stop, so keep it an hour longer.
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 3600 * 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
return { redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2]) }
