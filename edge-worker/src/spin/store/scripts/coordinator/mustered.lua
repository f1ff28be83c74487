-- Notes what all shards said of themselves. What they have in draws that are not closed is announced if it was forgotten.
--
-- ARGV[2] epoch  ARGV[3] lives_revision, both as read before the first shard was asked
-- ARGV[4] joined  ARGV[5] number of lives  ARGV[6] scores, JSON  ARGV[7] pace  then shard, JSON of its lives, …  then draw, shard, …
-- Result: {1}, or {0} if this data has begun a new life meanwhile
if not is_there() or present_life() ~= ARGV[2] then return { 0 } end
local last_life = 7 + 2 * tonumber(ARGV[5])
local closed_through = or_none(progress().closed_through)
for i = last_life + 1, #ARGV, 2 do
  if tonumber(ARGV[i]) > closed_through then redis.call('ZADD', ANNOUNCED, ARGV[i], ARGV[i] .. '/' .. ARGV[i + 1]) end
end
-- A life that was announced meanwhile is not in these: the next muster will have it.
if redis.call('HGET', EVENT, 'lives_revision') == ARGV[3] then
  redis.call('DEL', LIVES)
  for i = 8, last_life, 2 do
    redis.call('HSET', LIVES, ARGV[i], ARGV[i + 1])
  end
end
redis.call('HSET', EVENT, 'mustered', ARGV[2], 'mustered_at', now_ms(), 'joined', ARGV[4], 'scores', ARGV[6],
  'pace', ARGV[7])
return { 1 }
