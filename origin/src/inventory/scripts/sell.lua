-- Marks seats as sold. PostgreSQL's unique index has decided already which order has the seat. So a lock that another fan
-- got after ours was over gives way, and that fan's checkout answers that the lock is gone.
--
-- ARGV    2 order, 3.. seats
-- Result  {'sold', how many are new, seat, …}   then seats that another order has: a contradiction, which is logged
--         {'unloaded'}                          the rebuild will read the seat tickets
-- Invariant  Repeating it changes nothing. A sold seat stays with its order.
if not is_loaded() then return { 'unloaded' } end
local mine = 'S' .. ARGV[2]
local seats = seats_from(3)
local holders = redis.call('HMGET', HELD, unpack(seats))
local answer, fields, fresh = { 'sold', 0 }, {}, {}
for i, seat in ipairs(seats) do
  local holder = holders[i]
  if not holder or string.sub(holder, 1, 1) ~= 'S' then
    fields[#fields + 1] = seat
    fields[#fields + 1] = mine
    fresh[#fresh + 1] = seat
  elseif holder ~= mine then
    answer[#answer + 1] = seat
  end
end
if #fresh > 0 then
  redis.call('HSET', HELD, unpack(fields))
  redis.call('ZREM', DUE, unpack(fresh))
  redis.call('HINCRBY', META, 'sold', #fresh)
  answer[2] = #fresh
end
return answer
