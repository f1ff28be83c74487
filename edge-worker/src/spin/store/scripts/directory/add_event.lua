-- Adds an event to the directory, unless it is there.
--
-- KEYS[1] directory  ZSET  event id by position, from 0 without gaps
-- ARGV[1] event id  ARGV[2] the most events that it has
-- Result: {1} if it is there now, or {0}: the directory is full
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return { 1 } end
local count = redis.call('ZCARD', KEYS[1])
if count >= tonumber(ARGV[2]) then return { 0 } end
redis.call('ZADD', KEYS[1], count, ARGV[1])
return { 1 }
