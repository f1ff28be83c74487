-- How many people used identifiers (a device fingerprint, or the networks around an address). Writes nothing, and stands
-- alone: a restored copy that has forgotten people only counts fewer.
--
-- KEYS, two for each identifier, by its keyed hash:
--   names   SET   tags (16 bytes) of the first people who used it
--   counts  HASH  people  how many used it; known, new  how many of their accounts are known or new
-- ARGV[1] tag of the person who asks
-- Result, for each identifier: people, known, new, and whether this person is noted (1 or 0)
local found = {}
for i = 1, #KEYS, 2 do
  local counts = redis.call('HMGET', KEYS[i + 1], 'people', 'known', 'new')
  for part = 1, 3 do
    found[#found + 1] = tonumber(counts[part] or 0)
  end
  found[#found + 1] = redis.call('SISMEMBER', KEYS[i], ARGV[1])
end
return found
