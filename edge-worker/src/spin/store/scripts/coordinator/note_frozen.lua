-- Stores what shards have in draws in which they are frozen: they say the same for ever, and need not be asked again.
--
-- ARGV[2] epoch  then 'draw/shard', JSON of the tickets, …
-- Result: {1}, or {0} if this data has begun a new epoch meanwhile
if not is_there() or present_epoch() ~= ARGV[2] then return { 0 } end
for i = 3, #ARGV, 2 do
  redis.call('HSETNX', FROZEN_TICKETS, ARGV[i], ARGV[i + 1])
end
return { 1 }
