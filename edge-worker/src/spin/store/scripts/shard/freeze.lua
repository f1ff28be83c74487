-- Ends all draws up to one: no number is given in them any more. Says the same for ever.
--
-- KEYS[3] frozen  KEYS[4] carried
-- ARGV[2] draw
-- Result: {tickets of that draw, or nil if the shard has none; what it carries, or nil}
local FROZEN, draw = KEYS[3], ARGV[2]
present_epoch()
freeze_through(FROZEN, draw)
return { redis.call('HGET', FROZEN, draw), redis.call('HGET', KEYS[4], draw) }
