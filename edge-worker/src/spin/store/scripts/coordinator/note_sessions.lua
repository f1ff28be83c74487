-- Stores what shards tell of shopping sessions: their counts, and which sessions ended before their shop tokens do. What is
-- told again changes nothing.
--
-- KEYS[7] session_counts  HASH  shard -> 'begun over walked_in'; an earlier version wrote no walked_in
-- KEYS[8] ended_sessions  ZSET  'mark:until' by position in the list of ended sessions: the mark, and until which second since
--                         1970 the shop token would be good. Positions count from 0 and never change; the oldest are
--                         forgotten once their tokens have ended
-- KEYS[9] slots, see take_slot.lua
-- Fields of the event: sessions_begun, sessions_over, sessions_walked_in (the sums), ended_end (the position after the last
-- ended one)
-- ARGV[2] ended sessions that are remembered at most  ARGV[3] number of shards  then shard, begun, over, walked_in, …
-- then the number of slots whose sessions are in these counts, and the tags of their people  then mark, until, …
-- Result: {1}, or {0} if there is no event
if not is_there() then return { 0 } end
present_epoch()
local SESSIONS, ENDED, SLOTS = KEYS[7], KEYS[8], KEYS[9]
local last_shard = 3 + 4 * tonumber(ARGV[3])
for i = 4, last_shard, 4 do
  local counts = table.concat({ ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] }, ' ')
  local known = redis.call('HGET', SESSIONS, ARGV[i]) or '0 0 0'
  if known ~= counts then
    local begun, over, walked_in = string.match(known, '^(%d+) (%d+) ?(%d*)$')
    redis.call('HSET', SESSIONS, ARGV[i], counts)
    redis.call('HINCRBY', EVENT, 'sessions_begun', ARGV[i + 1] - begun)
    redis.call('HINCRBY', EVENT, 'sessions_over', ARGV[i + 2] - over)
    redis.call('HINCRBY', EVENT, 'sessions_walked_in', ARGV[i + 3] - (tonumber(walked_in) or 0))
  end
end
local last_slot = last_shard + 1 + tonumber(ARGV[last_shard + 1])
for i = last_shard + 2, last_slot do
  redis.call('ZREM', SLOTS, ARGV[i])
end
for i = last_slot + 1, #ARGV, 2 do
  local member = ARGV[i] .. ':' .. ARGV[i + 1]
  if not redis.call('ZSCORE', ENDED, member) then
    redis.call('ZADD', ENDED, redis.call('HINCRBY', EVENT, 'ended_end', 1) - 1, member)
  end
end
local surplus = redis.call('ZCARD', ENDED) - tonumber(ARGV[2])
if surplus > 0 then redis.call('ZREMRANGEBYRANK', ENDED, 0, surplus - 1) end
while true do
  local oldest = redis.call('ZRANGE', ENDED, 0, 0)[1]
  if not oldest or tonumber(string.match(oldest, ':(%d+)$')) * 1000 > now_ms() then return { 1 } end
  redis.call('ZREM', ENDED, oldest)
end
