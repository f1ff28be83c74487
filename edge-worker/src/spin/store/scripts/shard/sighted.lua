-- How many people used a thing (a fingerprint, an address). Writes nothing, and stands alone: what a restored copy has
-- forgotten only counts fewer.
--
-- KEYS[1] sighted  SET  tags (16 bytes) of who used the thing whose keyed hash is in the key's name
-- ARGV[1] tag of who asks
-- Result: how many there are besides, whether this one is among them (1 or 0)
local noted = redis.call('SISMEMBER', KEYS[1], ARGV[1])
return { redis.call('SCARD', KEYS[1]) - noted, noted }
