-- Writes a person whose shopping session began, moved its end or was ended, if they are as they were read.
--
-- KEYS[3] people  KEYS[4] sessions  KEYS[5] ended, see sessions.lua
-- ARGV[2] epoch  ARGV[3] tag  ARGV[4] the person as read  ARGV[5] the person as they are to be  ARGV[6] the session
-- ARGV[7] when it is over by itself, ms since 1970, or empty if it was ended
-- ARGV[8] it has to begin before this instant, ms since 1970, because its slot is free again later; or empty
-- ARGV[9] 'began', 'walked_in' if it begins without a turn, or 'moved'; or, if it was ended, its mark and ARGV[10] until which
--         second its shop token would be good, if it has one
-- Result: {1, report} as session_report in sessions.lua, or {0} if something has changed
local PEOPLE, SESSIONS, ENDED, tag, session = KEYS[3], KEYS[4], KEYS[5], ARGV[3], ARGV[6]
if not unchanged(ARGV[2], '', ARGV[8], PEOPLE, tag, ARGV[4]) then return { 0 } end
redis.call('HSET', PEOPLE, tag, ARGV[5])
if ARGV[7] == '' then
  redis.call('ZREM', SESSIONS, session)
  if ARGV[9] then redis.call('HSET', ENDED, ARGV[9], ARGV[10]) end
elseif redis.call('ZADD', SESSIONS, ARGV[7], session) == 1 then
  -- One whose end moved after it was over goes on, and did not begin.
  redis.call('HINCRBY', SHARD, ARGV[9] == 'moved' and 'sessions_revived' or 'sessions_begun', 1)
  if ARGV[9] == 'walked_in' then redis.call('HINCRBY', SHARD, 'sessions_walked_in', 1) end
end
return { 1, session_report(SESSIONS, ENDED) }
