-- Gives a piece of work back that an instance took for itself, unless another instance has taken it meanwhile.
--
-- KEYS[1] the mark  STRING  the instance that is at this work; it ends by itself
-- ARGV[1] the instance
-- Result: {1}, or {0} if it is not that instance's any more
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 0 } end
redis.call('DEL', KEYS[1])
return { 1 }
