-- Compensation: makes the seats of a void order available again, whether they were sold or pinned to it.
--
-- ARGV    2 order, 3 owner of its cart, 4 its attempt, 5.. seats
-- Result  {'freed', how many} or {'unloaded'}
-- Invariant  Only seats that this order holds are touched. A seat of another order stays, and so does one that the same cart
--            has locked or is paying for anew. Repeating it changes nothing.
if not is_loaded() then return { 'unloaded' } end
local order, owner, attempt = 'S' .. ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = now_ms()
local seats = seats_from(5)
local holders = redis.call('HMGET', HELD, unpack(seats))
local freed, unsold = {}, 0
for i, seat in ipairs(seats) do
  if holders[i] == order then
    unsold = unsold + 1
    freed[#freed + 1] = seat
  elseif attempt_of(holders[i]) == attempt and own_lock(seat, holders[i], owner, now) then
    freed[#freed + 1] = seat
  end
end
if #freed > 0 then
  redis.call('HDEL', HELD, unpack(freed))
  redis.call('ZREM', DUE, unpack(freed))
  if unsold > 0 then redis.call('HINCRBY', META, 'sold', -unsold) end
end
return { 'freed', #freed }
