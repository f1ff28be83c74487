-- One attempt of somebody, counted if they have one left. (The generic cell rate algorithm: one number says everything.)
--
-- KEYS[1] limit  STRING  instant in ms at which all attempts are back; absent: all are there. One key, one hash slot.
-- ARGV    1 attempts at once, 2 time in ms in which all of them come back, one after the other
-- Result  0   counted: it may be made
--         ms until the next one is back; refused, and nothing is counted
-- Invariant  In any time t no more than ARGV[1] + t * ARGV[1] / ARGV[2] attempts are made, however many come at once: Redis
--            runs one script at a time, and its clock is the only one that counts. The key is gone once all attempts are
--            back, so only those who tried lately are remembered.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local back_in = tonumber(ARGV[2])
local each = back_in / tonumber(ARGV[1])

local all_back = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + each
-- Half a millisecond: what a sum of fractions may be off.
local missing = all_back - now - back_in
if missing > 0.5 then return math.ceil(missing) end
redis.call('SET', KEYS[1], string.format('%.3f', all_back), 'PX', math.ceil(all_back - now))
return 0
