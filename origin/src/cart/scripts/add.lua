-- Adds seats that were just locked to the list of a cart, if the cart may list so many.
--
-- KEYS[1] cart  HASH  seat -> 'entry' '|' 'section'; one cart is one hash slot of its own, whatever its sections.
--               The entry is a new random word: it tells this addition of a seat from any other.
-- ARGV    1 most seats a cart may list, 2 instant in ms at which the cart is forgotten, 3 entry, 4 section, 5.. seats
-- Result  {'added', seat, value, …}   the whole cart
--         {'full'}                    nothing is changed
-- Invariant  A cart never lists more than ARGV[1] seats. It stores no ends: only a seat's lock says whether and until when
--            the seat is held. A cart lists every seat whose lock was answered in time (take_out.lua), so of these the
--            session never holds more than ARGV[1]. Redis runs one script at a time: requests sent at once cannot pass the
--            limit together.
local value = ARGV[3] .. '|' .. ARGV[4]
local fields, fresh = {}, 0
for i = 5, #ARGV do
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = value
  fresh = fresh + 1 - redis.call('HEXISTS', KEYS[1], ARGV[i])
end
if redis.call('HLEN', KEYS[1]) + fresh > tonumber(ARGV[1]) then return { 'full' } end

redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return { 'added', unpack(redis.call('HGETALL', KEYS[1])) }
