-- The payment of an order failed: its seats stay in the cart until their locks end, and the owner may unlock or pay them
-- again.
--
-- ARGV    2 owner, 3 attempt, 4.. seats
-- Result  {'unpinned', how many} or {'unloaded'}
-- Invariant  Ends are not changed, and only the owner's locks are touched. Seats that a later attempt is paying for stay
--            pinned to it. A pin of an earlier attempt is removed as well, because that attempt is over, too.
if not is_loaded() then return { 'unloaded' } end
local owner, attempt = ARGV[2], tonumber(ARGV[3])
local now = now_ms()
local seats = seats_from(4)
local holders = redis.call('HMGET', HELD, unpack(seats))
local fields = {}
for i, seat in ipairs(seats) do
  local paying = attempt_of(holders[i])
  if paying and paying <= attempt and own_lock(seat, holders[i], owner, now) then
    fields[#fields + 1] = seat
    fields[#fields + 1] = 'X' .. owner
  end
end
if #fields > 0 then redis.call('HSET', HELD, unpack(fields)) end
return { 'unpinned', #fields / 2 }
