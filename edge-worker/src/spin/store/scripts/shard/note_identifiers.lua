-- Notes that a person whose join was accepted used identifiers; see identifier_users.lua.
--
-- KEYS  as identifier_users.lua
-- ARGV[1] tag  ARGV[2] so many people are remembered by name  ARGV[3] all are forgotten so many ms after the last one was
-- noted  ARGV[4] 1 if the account is known, else 0  ARGV[5] 1 if it is new, else 0
-- Result: {1}
--
-- Invariant: a set never has more than the largest ARGV[2] that it was asked with, never more than `people` says, and both
-- keys always have an expiry.
for i = 1, #KEYS, 2 do
  local names, counts = KEYS[i], KEYS[i + 1]
  if redis.call('SISMEMBER', names, ARGV[1]) == 0 then
    if redis.call('SCARD', names) < tonumber(ARGV[2]) then
      redis.call('SADD', names, ARGV[1])
    end
    redis.call('HINCRBY', counts, 'people', 1)
    redis.call('HINCRBY', counts, 'known', ARGV[4])
    redis.call('HINCRBY', counts, 'new', ARGV[5])
    redis.call('PEXPIRE', names, ARGV[3])
    redis.call('PEXPIRE', counts, ARGV[3])
  end
end
return { 1 }
