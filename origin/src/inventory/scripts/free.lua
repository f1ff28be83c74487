-- Compensation: the order is void, its seats are available again, sold to it or still locked for it.
--
-- ARGV    2 order, 3 owner of the cart, 4.. seats
-- Result  {'freed', how many} or {'unloaded'}
-- Invariant  Seats of other orders and other owners are not touched. Repeating it changes nothing.
if not is_loaded() then return { 'unloaded' } end
local order, owner = 'S' .. ARGV[2], ARGV[3]
local now = now_ms()
local seats = seats_from(4)
local holders = redis.call('HMGET', HELD, unpack(seats))
local freed, unsold = {}, 0
for i, seat in ipairs(seats) do
  if holders[i] == order then
    unsold = unsold + 1
    freed[#freed + 1] = seat
  elseif own_lock(seat, holders[i], owner, now) then
    freed[#freed + 1] = seat
  end
end
if #freed > 0 then
  redis.call('HDEL', HELD, unpack(freed))
  redis.call('ZREM', DUE, unpack(freed))
  if unsold > 0 then redis.call('HINCRBY', META, 'sold', -unsold) end
end
return { 'freed', #freed }
