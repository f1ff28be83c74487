-- Notes that the coordinator has been told of ended sessions.
--
-- KEYS[3] ended  KEYS[4] told, see sessions.lua
-- ARGV[2] so many are remembered at most: those whose tokens are good for longest  then mark, until, …
-- Result: {1}
local ENDED, TOLD = KEYS[3], KEYS[4]
for i = 3, #ARGV, 2 do
  if redis.call('HDEL', ENDED, ARGV[i]) == 1 then redis.call('ZADD', TOLD, ARGV[i + 1], ARGV[i]) end
end
redis.call('ZREMRANGEBYSCORE', TOLD, '-inf', math.floor(now_ms() / 1000))
redis.call('ZREMRANGEBYRANK', TOLD, 0, -1 - tonumber(ARGV[2]))
return { 1 }
