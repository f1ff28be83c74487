-- What a draw that was closed without this shard's answer left over. The draw is frozen first.
--
-- KEYS[3] frozen  KEYS[4] carried  KEYS[5] entered  KEYS[6] log of the draw
-- ARGV[2] draw  ARGV[3] tickets that were entered
-- Result: {epoch, frozen_through} if it left nothing over or that is in a later draw already, or
--   {epoch, frozen_through, what the draw carries or nil, the entries of the log after those that were entered}
local FROZEN, draw, entered = KEYS[3], ARGV[2], tonumber(ARGV[3])
local epoch = present_epoch()
freeze_through(FROZEN, draw)
local through = frozen_through()
if redis.call('HEXISTS', KEYS[5], draw) == 1 or redis.call('HEXISTS', FROZEN, draw) == 0 then return { epoch, through } end
local log = redis.call('GETRANGE', KEYS[6], entered * 17, -1)
if log == '' then return { epoch, through } end
return { epoch, through, redis.call('HGET', KEYS[4], draw), log }
