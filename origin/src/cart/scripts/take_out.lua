-- Takes seats out of a cart that it does not hold any more.
--
-- KEYS[1] cart  as in add.lua
-- ARGV    1.. pairs of seat and the value it was seen with, read before its lock was found to be gone
-- Result  {seat, value, …}   what is left in the cart
-- Invariant  A seat that was added again since it was seen stays, because it may be held again. So a seat that the session
--            holds never leaves the cart.
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return redis.call('HGETALL', KEYS[1])
