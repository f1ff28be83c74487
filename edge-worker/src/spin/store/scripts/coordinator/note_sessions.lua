-- Stores what shards tell of shopping sessions: their counts, and which sessions ended before their shop tokens do. What is
-- told again changes nothing, nor does a report that was overtaken: counts only grow.
--
-- KEYS[7] session_counts  HASH  shard -> 'begun over revived walked_in'; an earlier version wrote fewer
-- KEYS[8] ended_sessions  ZSET  'mark:until' by position in the list of ended sessions: the mark, and until which second since
--                         1970 the shop token would be good. Positions count from 0 and never change; the oldest are
--                         forgotten once their tokens have ended
-- KEYS[9] slots, see take_slot.lua
-- Fields of the event: sessions_begun, sessions_over, sessions_revived, sessions_walked_in (the sums), ended_end (the position
-- after the last ended one)
-- ARGV[2] ended sessions that are remembered at most  ARGV[3] number of shards  then shard, begun, over, revived, walked_in, …
-- then the number of slots whose sessions are in these counts, and the tags of their people  then mark, until, …
-- Result: {1}, or {0} if there is no event
if not is_there() then return { 0 } end
present_epoch()
local SESSIONS, ENDED, SLOTS = KEYS[7], KEYS[8], KEYS[9]
local last_shard = 3 + 5 * tonumber(ARGV[3])
for i = 4, last_shard, 5 do
  local counts, has_grown = {}, false
  for count in string.gmatch(redis.call('HGET', SESSIONS, ARGV[i]) or '', '%d+') do
    counts[#counts + 1] = tonumber(count)
  end
  for j, field in ipairs({ 'sessions_begun', 'sessions_over', 'sessions_revived', 'sessions_walked_in' }) do
    local known = counts[j] or 0
    counts[j] = math.max(known, tonumber(ARGV[i + j]))
    if counts[j] > known then
      has_grown = true
      redis.call('HINCRBY', EVENT, field, counts[j] - known)
    end
  end
  if has_grown then
    redis.call('HSET', SESSIONS, ARGV[i], string.format('%d %d %d %d', counts[1], counts[2], counts[3], counts[4]))
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
