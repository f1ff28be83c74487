-- The payment failed: the seats stay in the cart until their locks end, and the owner may release or pay them again.
--
-- ARGV    2 owner, 3.. seats
-- Result  {'unpinned', how many} or {'unloaded'}
-- Invariant  Ends are not changed, and nobody's lock but the owner's is touched.
if not is_loaded() then return { 'unloaded' } end
local owner = ARGV[2]
local now = now_ms()
local seats = seats_from(3)
local holders = redis.call('HMGET', HELD, unpack(seats))
local fields = {}
for i, seat in ipairs(seats) do
  if holders[i] == 'P' .. owner and live_lock(seat, holders[i], now) then
    fields[#fields + 1] = seat
    fields[#fields + 1] = 'X' .. owner
  end
end
if #fields > 0 then redis.call('HSET', HELD, unpack(fields)) end
return { 'unpinned', #fields / 2 }
