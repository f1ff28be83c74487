-- Reads which of these seats the owner holds now.
--
-- ARGV    2 owner, 3.. seats
-- Result  {'owned', end, …}   per seat in order the end of its lock in ms, 0 if the owner does not hold it
--         {'unloaded'}
-- Invariant  Reads only.
if not is_loaded() then return { 'unloaded' } end
local owner = ARGV[2]
local now = now_ms()
local seats = seats_from(3)
local holders = redis.call('HMGET', HELD, unpack(seats))
local answer = { 'owned' }
for i, seat in ipairs(seats) do
  answer[#answer + 1] = own_lock(seat, holders[i], owner, now) or 0
end
return answer
