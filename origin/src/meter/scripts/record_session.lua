-- Records a shopping session.
-- KEYS  1 sessions, 2 places, 3 completed, 4 marks, 5 ended unseen (one hash slot)
-- ARGV  1 jti, 2 the session's end in ms since 1970, 3 its place
-- Result: 1 if the session counts now, 0 if it has completed or was ended before.
-- Invariant: a session that completed or was ended never counts again; an end only moves later.
-- The sets expire some hours after the last session.
local keep_ms = 6 * 3600 * 1000
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], keep_ms)
local mark = string.sub(ARGV[1], 1, 16)
redis.call('HSETNX', KEYS[4], mark, ARGV[1])
redis.call('PEXPIRE', KEYS[4], keep_ms)
if redis.call('ZSCORE', KEYS[3], ARGV[1]) or redis.call('ZSCORE', KEYS[5], mark) then
  return 0
end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], keep_ms)
return 1
