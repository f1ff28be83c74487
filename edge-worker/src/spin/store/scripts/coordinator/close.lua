-- Closes a draw, if the event is as it was read: the record, the place up to which the curve may go, and what is closed.
-- Only with it the secret of the draw can be read anywhere.
--
-- KEYS[7] segments  KEYS[8] stops  KEYS[9] records
-- ARGV[2] epoch  ARGV[3] revision  ARGV[4] latest instant, ms since 1970
-- ARGV[5] to ARGV[10] the event, see `change` in coordinator.lua
-- ARGV[11] draw  ARGV[12] record, empty for a draw without tickets
-- ARGV[13] number of segments  then segments, then stops
-- Result: {1}, or {0} if it has changed, or this is too late
if not unchanged(ARGV[2], ARGV[3], ARGV[4]) then return { 0 } end
if ARGV[12] ~= '' then redis.call('HSET', KEYS[9], ARGV[11], ARGV[12]) end
change(5)
retire(13, KEYS[7], KEYS[8])
for _, member in ipairs(redis.call('ZRANGEBYSCORE', ANNOUNCED, '-inf', ARGV[11])) do
  redis.call('HDEL', FROZEN_TICKETS, member)
end
redis.call('ZREMRANGEBYSCORE', ANNOUNCED, '-inf', ARGV[11])
return { 1 }
