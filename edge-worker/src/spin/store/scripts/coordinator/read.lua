-- The event.
--
-- KEYS[7] ended_sessions, see note_sessions.lua
-- ARGV[2] so many of the last ended sessions follow at most
-- Result: {now in ms} if there is none, or
--   {now, epoch, epoch_at or nil, revision, ended, reported_in, reported_at, joined, scores or nil, joins_per_second or nil, epochs_revision,
--    sessions_begun or nil, sessions_over or nil, sessions_revived or nil, ended_end or nil, number of ended sessions, number of those that
--    follow, 'mark:until', …,
--    first draw announced or -1, constants, settings, live, progress, schedule, epochs of a shard, epochs of a shard, …}
if not is_there() then return { now_ms() } end
local epoch = present_epoch()
local result = redis.call('HMGET', EVENT, 'epoch_at', 'revision', 'ended', 'reported_in', 'reported_at', 'joined', 'scores',
  'joins_per_second', 'epochs_revision', 'sessions_begun', 'sessions_over', 'sessions_revived', 'ended_end')
table.insert(result, 1, epoch)
table.insert(result, 1, now_ms())
local newest = redis.call('ZRANGE', KEYS[7], -tonumber(ARGV[2]), -1)
result[16] = redis.call('ZCARD', KEYS[7])
result[17] = #newest
for _, member in ipairs(newest) do
  result[#result + 1] = member
end
result[#result + 1] = first_announced()
for _, json in ipairs(redis.call('HMGET', EVENT, 'constants', 'settings', 'live', 'progress', 'schedule')) do
  result[#result + 1] = json
end
for _, json in ipairs(redis.call('HVALS', SHARD_EPOCHS)) do
  result[#result + 1] = json
end
return result
