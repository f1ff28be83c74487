-- Counts shopping sessions and forgets what has ended.
-- KEYS  1 sessions, 2 first_seen, 3 completed (one hash slot)
-- ARGV  1 how long a session counts as newly seen, in ms
-- Result: {shopping now, first seen within ARGV[1]}
-- Invariant: by Redis's clock, so that origins with different clocks count alike.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- A completed session may ask again until its token ends; an end may move later by a stop, so keep it an hour longer.
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 3600 * 1000)
-- No session lives longer than two hours (shopping time and stops): until then its first sight must not be taken anew.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 2 * 3600 * 1000)
return { redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[2], '(' .. (now - ARGV[1]), '+inf') }
