-- Creates an event, unless it is there.
--
-- KEYS[7] chain
-- ARGV[2] constants  ARGV[3] to ARGV[8] the event, see `change` in coordinator.lua  ARGV[9] number of shards
-- ARGV[10] checkpoints of the secrets
-- Result: {1}, or {0} if there is one
if is_there() then return { 0 } end
present_epoch()
redis.call('SET', KEYS[7], ARGV[10])
redis.call('HSET', EVENT, 'constants', ARGV[2], 'shards', ARGV[9], 'revision', 0, 'ended', '', 'reported_in', 0,
  'reported_at', 0, 'joined', 0, 'epochs_revision', 0)
change(3)
return { 1 }
