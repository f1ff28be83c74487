-- Counts shopping sessions and forgets ended ones.
-- KEYS  1 sessions, 2 places, 3 completed, 4 marks, 5 ended unseen (one hash slot)
-- ARGV  1 place
-- Result: {sessions shopping now, sessions seen with a place after ARGV[1]}
-- Invariant: Redis's clock decides, so that origins with different clocks count alike.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Forgets sessions up to an instant, and how they are found by their marks.
local function forget(key, through)
  for _, jti in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', through)) do
    redis.call('HDEL', KEYS[4], string.sub(jti, 1, 16))
  end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', through)
end
forget(KEYS[1], now)
-- A completed session may send requests until its token ends, and a stop may move that end. So it
-- is kept an hour longer.
forget(KEYS[3], now - 3600 * 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - 3600 * 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
return { redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2]) }
