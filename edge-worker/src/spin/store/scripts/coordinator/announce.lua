-- Lets a shard into a draw, unless that draw is closed or being closed. Once it is let in, the draw waits for it.
--
-- ARGV[2] shard  ARGV[3] draw  ARGV[4] the shard's present life
-- Result: {'open', this coordinator's life}, {'refused', closed or being closed up to here}, or {'none'} if there is no such event or shard
local shard, draw, epoch = ARGV[2], ARGV[3], ARGV[4]
if not is_there() then return { 'none' } end
local own_epoch = present_life()
if tonumber(shard) >= cjson.decode(redis.call('HGET', EVENT, 'put')).put.shards then return { 'none' } end
local so_far = progress()
local refused = math.max(or_none(so_far.closing), or_none(so_far.closed_through))
if tonumber(draw) <= refused then return { 'refused', refused } end
redis.call('ZADD', ANNOUNCED, draw, draw .. '/' .. shard)
if redis.call('HGET', EPOCHS, shard) ~= epoch then
  -- Before the first number of the new life: what is known of the former ones may be too little to judge by.
  redis.call('HSET', EPOCHS, shard, epoch)
  redis.call('HDEL', LIVES, shard)
  redis.call('HINCRBY', EVENT, 'lives_revision', 1)
end
return { 'open', own_epoch }
