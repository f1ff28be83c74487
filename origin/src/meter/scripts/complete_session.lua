-- Takes a shopping session out of the count for good.
-- KEYS  1 sessions, 2 places, 3 completed, 4 marks, 5 ended unseen (one hash slot)
-- ARGV  1 jti, 2 the session's end in ms since 1970, 3 its place
-- Result: 1 if the session counted until now, else 0.
-- Invariant: as in record_session.lua.
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], 'GT', ARGV[2], ARGV[1])
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  redis.call('PEXPIRE', key, 6 * 3600 * 1000)
end
return redis.call('ZREM', KEYS[1], ARGV[1])
