-- Notes that a person used something (a fingerprint, an address), and says how many people have. It stands alone: what a
-- restored copy has forgotten only counts fewer.
--
-- KEYS[1] sighted  SET  tags (16 bytes) of who used the thing whose keyed hash is in the key's name
-- ARGV[1] tag  ARGV[2] so many are remembered
-- Result: how many there are, this one included
-- A thing that nobody has used for a week is forgotten: what is noted of refused joins must not fill the store.
--
-- Invariant: the set never has more than the largest ARGV[2] that it was asked with.
local people = redis.call('SCARD', KEYS[1])
if people < tonumber(ARGV[2]) then people = people + redis.call('SADD', KEYS[1], ARGV[1]) end
redis.call('EXPIRE', KEYS[1], 7 * 24 * 3600)
return people
