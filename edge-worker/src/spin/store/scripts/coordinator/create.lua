-- Creates an event, unless it is there.
--
-- KEYS[5] chain
-- ARGV[2] fixed  ARGV[3] put  ARGV[4] pulse  ARGV[5] progress  ARGV[6] schedule  ARGV[7] checkpoints of the secrets
-- Result: {1}, or {0} if there is one
if is_there() then return { 0 } end
present_life()
redis.call('SET', KEYS[5], ARGV[7])
redis.call('HSET', EVENT, 'fixed', ARGV[2], 'revision', 0, 'ended', '', 'mustered', 0, 'mustered_at', 0, 'joined', 0,
  'lives_revision', 0)
change(ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return { 1 }
