-- Writes a person who gets no new ticket, if all that Rust decided upon is still so.
--
-- KEYS[3] people  KEYS[4] proof (absent where the request has none)
-- ARGV[2] epoch   ARGV[3] frozen_through or -1, or empty  ARGV[4] decided for a clock before this instant, or empty
-- ARGV[5] tag     ARGV[6] the person as read, or empty    ARGV[7] the person as they are to be
-- ARGV[8] attempt ARGV[9] when the proof may be forgotten, ms since 1970  then counters of the score
-- Result: {1} written, {0} something has changed
local PEOPLE, PROOF, tag = KEYS[3], KEYS[4], ARGV[5]
if not unchanged(ARGV[2], ARGV[3], ARGV[4], PEOPLE, tag, ARGV[6]) or (PROOF and not may_use(PROOF, ARGV[8])) then
  return { 0 }
end
redis.call('HSET', PEOPLE, tag, ARGV[7])
if PROOF then redis.call('SET', PROOF, ARGV[8], 'PXAT', ARGV[9]) end
count_score(10)
return { 1 }
