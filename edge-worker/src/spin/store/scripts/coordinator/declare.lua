-- Lets a shard into a draw, unless that draw is closed or being closed. Once it is let in, the draw waits for it.
--
-- ARGV[2] shard  ARGV[3] draw  ARGV[4] the shard's present epoch
-- Result: {'open', this coordinator's epoch, progress, JSON}, {'refused', this coordinator's epoch, closed or being closed up to here}, or
--   {'none', 0} if there is no such event or shard
local shard, draw, epoch = ARGV[2], ARGV[3], ARGV[4]
if not is_there() then return { 'none', 0 } end
local own_epoch = present_epoch()
if tonumber(shard) >= number_of('shards') then return { 'none', 0 } end
local ended = number_of('announcements_ended')
if tonumber(draw) <= ended then return { 'refused', own_epoch, ended } end
redis.call('ZADD', ANNOUNCED, draw, draw .. '/' .. shard)
if redis.call('HGET', ANNOUNCED_EPOCHS, shard) ~= epoch then
  -- Before the first number of the new epoch: what is known of the former ones may be too little to judge by.
  redis.call('HSET', ANNOUNCED_EPOCHS, shard, epoch)
  redis.call('HDEL', SHARD_EPOCHS, shard)
  redis.call('HDEL', REPORTS, shard)
  redis.call('HINCRBY', EVENT, 'epochs_revision', 1)
end
return { 'open', own_epoch, redis.call('HGET', EVENT, 'progress') }
