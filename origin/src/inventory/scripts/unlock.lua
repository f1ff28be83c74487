-- Gives seats of a cart back: all that the owner holds, or none while one of them is being paid for.
--
-- ARGV    2 owner, 3.. seats
-- Result  {'unlocked', how many}   seats that the owner does not hold are passed over
--         {'paying', seat, …}      these are being paid for; nothing is unlocked
--         {'unloaded'}
-- Invariant  Only the owner's locks are touched.
if not is_loaded() then return { 'unloaded' } end
local owner = ARGV[2]
local now = now_ms()
local seats = seats_from(3)
local holders = redis.call('HMGET', HELD, unpack(seats))
local own, paying = {}, { 'paying' }
for i, seat in ipairs(seats) do
  if own_lock(seat, holders[i], owner, now) then
    own[#own + 1] = seat
    if string.sub(holders[i], 1, 1) == 'P' then paying[#paying + 1] = seat end
  end
end
if #paying > 1 then return paying end
if #own > 0 then
  redis.call('HDEL', HELD, unpack(own))
  redis.call('ZREM', DUE, unpack(own))
end
return { 'unlocked', #own }
