-- Stores what shards reported of themselves. What they have in draws that are not closed is declared if it was forgotten.
-- What a shard that did not answer said before stays.
--
-- ARGV[2] epoch  ARGV[3] epochs_revision, both as read before the first shard was asked
-- ARGV[4] joined  ARGV[5] how many shards answered  ARGV[6] scores, JSON  ARGV[7] joins_per_second
-- then shard, JSON of its epochs, JSON of its report, …  then draw, shard, …
-- Result: {1}, or {0} if this data has begun a new epoch meanwhile
if not is_there() or present_epoch() ~= ARGV[2] then return { 0 } end
local last_report = 7 + 3 * tonumber(ARGV[5])
local closed_through = number_of('closed_through')
for i = last_report + 1, #ARGV, 2 do
  if tonumber(ARGV[i]) > closed_through then redis.call('ZADD', ANNOUNCED, ARGV[i], ARGV[i] .. '/' .. ARGV[i + 1]) end
end
-- An epoch that was declared meanwhile is not in these reports: the next ones will have it.
if redis.call('HGET', EVENT, 'epochs_revision') == ARGV[3] then
  for i = 8, last_report, 3 do
    redis.call('HSET', SHARD_EPOCHS, ARGV[i], ARGV[i + 1])
    redis.call('HSET', REPORTS, ARGV[i], ARGV[i + 2])
  end
end
if redis.call('HLEN', REPORTS) == number_of('shards') then redis.call('HSET', EVENT, 'reported_in', ARGV[2]) end
redis.call('HSET', EVENT, 'reported_at', now_ms(), 'joined', ARGV[4], 'scores', ARGV[6], 'joins_per_second', ARGV[7])
return { 1 }
