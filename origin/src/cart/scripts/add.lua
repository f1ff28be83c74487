-- Puts seats that were just locked into a cart, if the cart may hold so many.
--
-- KEYS[1] cart  HASH  seat -> 'end in ms' '|' 'section'; one cart is one hash slot of its own, whatever its sections
-- ARGV    1 most seats a cart may hold, 2 instant in ms at which the cart is forgotten,
--         3 section, 4.. pairs of seat and end of its lock in ms
-- Result  {'added', seat, value, …}   the whole cart
--         {'full', how many other seats it holds}   nothing is changed
-- Invariant  A cart never holds more than ARGV[1] seats whose locks are not over. This script alone adds to a cart, and
--            Redis runs one at a time, so requests sent at once cannot each pass the limit.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wanted, fields = {}, {}
for i = 4, #ARGV, 2 do
  wanted[ARGV[i]] = true
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i + 1] .. '|' .. ARGV[3]
end

local cart = redis.call('HGETALL', KEYS[1])
local others, over = 0, {}
for i = 1, #cart, 2 do
  if not wanted[cart[i]] then
    if tonumber(string.match(cart[i + 1], '^%d+')) > now then
      others = others + 1
    else
      over[#over + 1] = cart[i]
    end
  end
end
if others + #fields / 2 > tonumber(ARGV[1]) then return { 'full', others } end

if #over > 0 then redis.call('HDEL', KEYS[1], unpack(over)) end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return { 'added', unpack(redis.call('HGETALL', KEYS[1])) }
