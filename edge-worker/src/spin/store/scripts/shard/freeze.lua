-- Ends all draws up to one: no number is given in them any more. Says the same for ever.
--
-- KEYS[3] frozen
-- ARGV[2] draw
-- Result: {tickets of that draw, or nil if the shard has none}
local FROZEN, draw = KEYS[3], ARGV[2]
present_life()
if frozen_through() < tonumber(draw) then
  for _, one in ipairs(redis.call('HKEYS', OPEN)) do
    if tonumber(one) <= tonumber(draw) then
      redis.call('HSET', FROZEN, one, redis.call('HGET', OPEN, one))
      redis.call('HDEL', OPEN, one)
    end
  end
  redis.call('HSET', SHARD, 'frozen_through', draw)
end
return { redis.call('HGET', FROZEN, draw) }
