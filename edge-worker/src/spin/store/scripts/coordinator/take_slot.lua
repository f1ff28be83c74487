-- Gives the slot of a person whose session is about to begin, if there is one. It is what `Slots::take` in `queue/room.rs` does.
--
-- KEYS[7] slots          ZSET  tags of people whose sessions are about to begin, by the ms since 1970 until which each counts
-- KEYS[8] waiting        ZSET  tags of fans whose turn has come and who found no slot, by the ms since 1970 when each last asked
-- KEYS[9] waiting_since  ZSET  the same fans by when each first asked
-- ARGV[2] epoch as it was read  ARGV[3] tag of the person  ARGV[4] who has not asked for so many ms keeps nobody waiting
-- ARGV[5] 'turn' or 'walk_in'   ARGV[6] most sessions at once when this one begins, or empty if there is no limit
-- ARGV[7] how long the slot counts, in ms  ARGV[8] who asked so many ms ago waits no more
-- ARGV[9] walk_ins as it was read, or empty  ARGV[10] as it is to be; empty if none is left. Only for a walk-in
-- ARGV[11] revision and ARGV[12] first draw declared or -1, as they were read
-- Result: {1, now in ms} given, {0} there is none, {2} something has changed: decide anew
if not is_there() or present_epoch() ~= ARGV[2] or redis.call('HGET', EVENT, 'revision') ~= ARGV[11] then return { 2 } end
local SLOTS, WAITING, SINCE, tag, now = KEYS[7], KEYS[8], KEYS[9], ARGV[3], now_ms()
redis.call('ZREMRANGEBYSCORE', SLOTS, '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', WAITING, '-inf', now - tonumber(ARGV[8]))) do
  redis.call('ZREM', WAITING, gone)
  redis.call('ZREM', SINCE, gone)
end

-- How many more sessions may begin.
local function free()
  if ARGV[6] == '' then return math.huge end
  local running = (number_of('sessions_begun') or 0) + (number_of('sessions_revived') or 0) - (number_of('sessions_over') or 0)
  return tonumber(ARGV[6]) - running - redis.call('ZCARD', SLOTS)
end

-- Whether fewer fans than `most` began to wait before this one and still ask.
local function is_next(most)
  local ahead = 0
  for _, other in ipairs(redis.call('ZRANGE', SINCE, 0, -1)) do
    if other == tag then break end
    if now - tonumber(redis.call('ZSCORE', WAITING, other)) < tonumber(ARGV[4]) then ahead = ahead + 1 end
    if ahead >= most then return false end
  end
  return true
end

local function give()
  redis.call('ZADD', SLOTS, now + tonumber(ARGV[7]), tag)
  redis.call('ZREM', WAITING, tag)
  redis.call('ZREM', SINCE, tag)
  return { 1, now }
end

if redis.call('ZSCORE', SLOTS, tag) then return give() end
local most = free()
if ARGV[5] == 'turn' then
  if most > 0 and is_next(most) then return give() end
  redis.call('ZADD', WAITING, now, tag)
  redis.call('ZADD', SINCE, 'NX', now, tag)
  return { 0 }
end
if first_declared() ~= tonumber(ARGV[12]) then return { 2 } end
if redis.call('ZCARD', WAITING) > 0 or most <= 0 or ARGV[10] == '' then return { 0 } end
if (redis.call('HGET', EVENT, 'walk_ins') or '') ~= ARGV[9] then return { 2 } end
redis.call('HSET', EVENT, 'walk_ins', ARGV[10])
return give()
