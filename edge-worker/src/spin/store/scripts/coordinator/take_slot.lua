-- Gives the slot of a session that is about to begin, if there is one. It is what `Slots::take` in `queue/room.rs` does.
--
-- KEYS[7] slots    ZSET  marks of sessions that are about to begin, by the ms since 1970 until which each counts
-- KEYS[8] waiting  ZSET  tags of fans whose turn has come and who found no slot, by the ms since 1970 when each last asked
-- ARGV[2] epoch as it was read  ARGV[3] mark of the session  ARGV[4] tag of the fan
-- ARGV[5] 'turn' or 'walk_in'   ARGV[6] most sessions at once when this one begins, or empty if there is no limit
-- ARGV[7] how long the slot counts, in ms  ARGV[8] who asked so many ms ago waits no more
-- ARGV[9] walk_ins as it was read, or empty  ARGV[10] as it is to be; only for a walk-in
-- Result: {1, now in ms} given, {0} there is none, {2} something has changed: decide anew
if not is_there() or present_epoch() ~= ARGV[2] then return { 2 } end
local SLOTS, WAITING, mark, tag, now = KEYS[7], KEYS[8], ARGV[3], ARGV[4], now_ms()
redis.call('ZREMRANGEBYSCORE', SLOTS, '-inf', now)
redis.call('ZREMRANGEBYSCORE', WAITING, '-inf', now - tonumber(ARGV[8]))

local function is_free()
  if ARGV[6] == '' then return true end
  local running = (number_of('sessions_begun') or 0) - (number_of('sessions_over') or 0)
  return running + redis.call('ZCARD', SLOTS) < tonumber(ARGV[6])
end

local function give()
  redis.call('ZADD', SLOTS, now + tonumber(ARGV[7]), mark)
  redis.call('ZREM', WAITING, tag)
  return { 1, now }
end

if redis.call('ZSCORE', SLOTS, mark) then return give() end
if ARGV[5] == 'turn' then
  if is_free() then return give() end
  redis.call('ZADD', WAITING, now, tag)
  return { 0 }
end
if redis.call('ZCARD', WAITING) > 0 or not is_free() or ARGV[10] == '' then return { 0 } end
if (redis.call('HGET', EVENT, 'walk_ins') or '') ~= ARGV[9] then return { 2 } end
redis.call('HSET', EVENT, 'walk_ins', ARGV[10])
return give()
