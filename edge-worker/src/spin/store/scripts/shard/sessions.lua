-- Put before scripts of a shard that count shopping sessions (after shard.lua).
--
-- Keys, where a script names them:
--   sessions  ZSET  sessions that run, by the ms since 1970 at which each is over by itself; old ones are forgotten here
--   ended     HASH  mark of a session that was ended -> until which second since 1970 its shop token would be good, until
--                   the coordinator has been told
--   told      ZSET  mark of a session of which it has been told, by that second, until then: a coordinator that went back to
--                   an older copy is told again
-- Fields of the shard: sessions_begun, sessions_walked_in of them, sessions_revived
local MOST_ENDED_TOLD = 1000

-- {begun, over, revived, begun without a turn, number of ended ones that follow, mark, until, …}
local function session_report(sessions, ended)
  redis.call('ZREMRANGEBYSCORE', sessions, '-inf', now_ms())
  local begun = tonumber(redis.call('HGET', SHARD, 'sessions_begun') or 0)
  local revived = tonumber(redis.call('HGET', SHARD, 'sessions_revived') or 0)
  local walked_in = tonumber(redis.call('HGET', SHARD, 'sessions_walked_in') or 0)
  local report = { begun, begun + revived - redis.call('ZCARD', sessions), revived, walked_in, 0 }
  local untold = redis.call('HGETALL', ended)
  for i = 1, math.min(#untold, 2 * MOST_ENDED_TOLD) do
    report[#report + 1] = untold[i]
  end
  report[5] = (#report - 5) / 2
  return report
end
