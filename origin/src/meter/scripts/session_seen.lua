-- Records a shopping session.
-- KEYS  1 sessions, 2 places, 3 completed (one hash slot)
-- ARGV  1 jti, 2 its end in ms since 1970, 3 its place
-- Result: 1 if it counts now, 0 if it has completed before.
-- Invariant: a completed session never counts again; an end only moves later.
-- The sets vanish by themselves some hours after the last session.
local keep_ms = 6 * 3600 * 1000
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], keep_ms)
if redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  return 0
end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], keep_ms)
return 1
