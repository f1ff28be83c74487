-- Writes a person whose shopping session began, moved its end or was ended, if they are as they were read.
--
-- KEYS[3] people  KEYS[4] sessions  KEYS[5] ended, see sessions.lua
-- ARGV[2] epoch  ARGV[3] tag  ARGV[4] the person as read  ARGV[5] the person as they are to be  ARGV[6] the session
-- ARGV[7] when it is over by itself, ms since 1970, or empty if it was ended
-- ARGV[8] 'began' or 'moved'; or, if it was ended, its mark and ARGV[9] until which second its shop token would be good, if
--         it has one
-- Result: {1, report} as session_report in sessions.lua, or {0} if something has changed
local PEOPLE, SESSIONS, ENDED, tag, session = KEYS[3], KEYS[4], KEYS[5], ARGV[3], ARGV[6]
if not unchanged(ARGV[2], '', '', PEOPLE, tag, ARGV[4]) then return { 0 } end
redis.call('HSET', PEOPLE, tag, ARGV[5])
if ARGV[7] == '' then
  redis.call('ZREM', SESSIONS, session)
  if ARGV[8] then redis.call('HSET', ENDED, ARGV[8], ARGV[9]) end
elseif redis.call('ZADD', SESSIONS, ARGV[7], session) == 1 then
  -- One whose end moved after it was over goes on, and did not begin.
  redis.call('HINCRBY', SHARD, ARGV[8] == 'began' and 'sessions_begun' or 'sessions_revived', 1)
end
return { 1, session_report(SESSIONS, ENDED) }
