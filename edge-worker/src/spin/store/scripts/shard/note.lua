-- Notes that a person whose join was accepted used a thing; see sighted.lua.
--
-- KEYS[1] sighted  SET  tags (16 bytes) of who used the thing whose keyed hash is in the key's name
-- ARGV[1] tag  ARGV[2] so many are remembered  ARGV[3] all are forgotten so many ms after the last one was noted
-- Result: {1}
--
-- Invariant: the set never has more than the largest ARGV[2] that it was asked with, and always has an expiry.
if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[2]) and redis.call('SADD', KEYS[1], ARGV[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return { 1 }
