-- Begins a checkout: pins the seats to its order and gives their locks more time, once.
--
-- ARGV    2 owner, 3 attempt, 4 time from now in ms that a lock gets at least, 5.. seats
-- Result  {'extended', first end}   a lock that was extended before keeps its end, and no lock becomes shorter
--         {'lost', seat, …}         these seats are not the owner's any more; nothing is changed
--         {'overtaken'}             a later order of this cart is paying, so this one is over; nothing is changed
--         {'unloaded'}
-- Invariant  A lock is extended at most once in its life, whatever is repeated. A pin passes to later attempts only: a late
--            request of an order that has ended never takes the seats from the order that is being paid now.
if not is_loaded() then return { 'unloaded' } end
local owner, attempt = ARGV[2], tonumber(ARGV[3])
local now = now_ms()
local longest = now + tonumber(ARGV[4])
local seats = seats_from(5)
local holders = redis.call('HMGET', HELD, unpack(seats))
local lost, fields, scores = { 'lost' }, {}, {}
local first_end
for i, seat in ipairs(seats) do
  local ends = own_lock(seat, holders[i], owner, now)
  if not ends then
    lost[#lost + 1] = seat
  else
    if (attempt_of(holders[i]) or 0) > attempt then return { 'overtaken' } end
    if string.sub(holders[i], 1, 1) == 'L' and ends < longest then
      ends = longest
      scores[#scores + 1] = ends
      scores[#scores + 1] = seat
    end
    fields[#fields + 1] = seat
    fields[#fields + 1] = 'P' .. owner .. '|' .. attempt
    first_end = first_end and math.min(first_end, ends) or ends
  end
end
if #lost > 1 then return lost end
redis.call('HSET', HELD, unpack(fields))
if #scores > 0 then redis.call('ZADD', DUE, unpack(scores)) end
return { 'extended', first_end }
