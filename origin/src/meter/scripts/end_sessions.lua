-- Takes shopping sessions that have ended early out of the count for good.
-- KEYS  1 sessions, 2 places, 3 completed, 4 marks, 5 ended unseen (one hash slot)
-- ARGV  1.. pairs: a session's mark, and until when its shop token would be good, in ms since 1970
-- Result: {jti, …} of those whose carts are to be emptied: sessions that were seen, for some seconds after their ends
-- Invariant: as in record_session.lua. A session that nobody has seen so far is remembered by its mark, so that a request
-- that is on its way does not bring it in.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ended = {}
for i = 1, #ARGV, 2 do
  local seen = redis.call('HGET', KEYS[4], ARGV[i])
  local jti = seen and string.match(seen, '^[^|]+')
  if not jti then
    redis.call('ZADD', KEYS[5], 'GT', ARGV[i + 1], ARGV[i])
  else
    redis.call('ZADD', KEYS[3], 'GT', ARGV[i + 1], jti)
    redis.call('ZREM', KEYS[1], jti)
    if seen == jti then redis.call('HSET', KEYS[4], ARGV[i], jti .. '|' .. now) end
    ended[#ended + 1] = jti
  end
end
for _, key in ipairs({ KEYS[3], KEYS[5] }) do
  redis.call('PEXPIRE', key, 6 * 3600 * 1000)
end
return ended
