-- Closes a draw, if the event is as it was read: the record, the place up to which the curve may go, and what is closed.
-- Only with it the secret of the draw can be read anywhere.
--
-- KEYS[5] segments  KEYS[6] stops  KEYS[7] records
-- ARGV[2] epoch  ARGV[3] revision  ARGV[4] latest instant, ms since 1970
-- ARGV[5] put  ARGV[6] pulse  ARGV[7] progress  ARGV[8] schedule
-- ARGV[9] draw  ARGV[10] record, empty for a draw without tickets
-- ARGV[11] number of segments  then segments, then stops
-- Result: {1}, or {0} if it has changed, this is too late, or shards were not mustered in this life
if not unchanged(ARGV[2], ARGV[3], ARGV[4]) or redis.call('HGET', EVENT, 'mustered') ~= ARGV[2] then return { 0 } end
if ARGV[10] ~= '' then redis.call('HSET', KEYS[7], ARGV[9], ARGV[10]) end
change(ARGV[5], ARGV[6], ARGV[7], ARGV[8])
retire(11, KEYS[5], KEYS[6])
redis.call('ZREMRANGEBYSCORE', ANNOUNCED, '-inf', ARGV[9])
return { 1 }
