-- Counts one attempt if the allowance has one left. This is the generic cell rate algorithm, which needs one number only.
--
-- KEYS[1] limit  STRING  instant in ms at which all attempts are back; absent: none is used. One key, one hash slot.
-- ARGV    1 burst: attempts that may come together, 2 refill time in ms: in it all of them come back, one after the other
-- Result  0   counted: it may be made
--         ms until the next attempt is back; this one is refused, and nothing is counted
-- Invariant  In any time t no more than ARGV[1] + t * ARGV[1] / ARGV[2] attempts are made, however many come at once: Redis
--            runs one script at a time, and its clock is the only one that counts. The key is gone once all attempts are
--            back, so only recent attempts are stored.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local refill_time = tonumber(ARGV[2])
local each = refill_time / tonumber(ARGV[1])

local all_back = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + each
-- Half a millisecond is the tolerance for a sum of fractions.
local missing = all_back - now - refill_time
if missing > 0.5 then return math.ceil(missing) end
redis.call('SET', KEYS[1], string.format('%.3f', all_back), 'PX', math.ceil(all_back - now))
return 0
