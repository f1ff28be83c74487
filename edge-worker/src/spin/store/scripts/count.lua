-- Counts one more of each key, within intervals of time.
--
-- KEYS     counts  STRING  a number, with an expiry: the end of its interval
-- ARGV[1]  length of an interval in ms
-- Result: per key its count, and in how many ms its interval ends
--
-- Invariant: every count has an expiry.
local counted = {}
for _, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  local left = redis.call('PTTL', key)
  if left < 0 then
    redis.call('PEXPIRE', key, ARGV[1])
    left = tonumber(ARGV[1])
  end
  counted[#counted + 1] = count
  counted[#counted + 1] = left
end
return counted
