-- The event.
--
-- KEYS[7] ended_sessions, see note_sessions.lua  KEYS[8] slots  KEYS[9] waiting, see take_slot.lua
-- ARGV[2] so many of the last ended sessions follow at most
-- ARGV[3] who asked for a slot so many ms ago waits no more
-- Result: {now in ms} if there is none, or
--   {now, epoch, epoch_at or nil, revision, ended, reported_in, reported_at, joined, scores or nil, joins_per_second or nil, epochs_revision,
--    sessions_begun or nil, sessions_over or nil, sessions_revived or nil, sessions_walked_in or nil, ended_end or nil,
--    walk_ins or nil, slots that count, fans who wait for one, number of ended sessions, number of those that follow,
--    'mark:until', …,
--    first draw declared or -1, constants, settings, live, progress, schedule, epochs of a shard, epochs of a shard, …}
if not is_there() then return { now_ms() } end
local epoch = present_epoch()
local result = redis.call('HMGET', EVENT, 'epoch_at', 'revision', 'ended', 'reported_in', 'reported_at', 'joined', 'scores',
  'joins_per_second', 'epochs_revision', 'sessions_begun', 'sessions_over', 'sessions_revived',
  'sessions_walked_in', 'ended_end', 'walk_ins')
table.insert(result, 1, epoch)
table.insert(result, 1, now_ms())
result[18] = redis.call('ZCOUNT', KEYS[8], '(' .. now_ms(), '+inf')
result[19] = redis.call('ZCOUNT', KEYS[9], '(' .. now_ms() - tonumber(ARGV[3]), '+inf')
local newest = redis.call('ZRANGE', KEYS[7], -tonumber(ARGV[2]), -1)
result[20] = redis.call('ZCARD', KEYS[7])
result[21] = #newest
for _, member in ipairs(newest) do
  result[#result + 1] = member
end
result[#result + 1] = first_declared()
for _, json in ipairs(redis.call('HMGET', EVENT, 'constants', 'settings', 'live', 'progress', 'schedule')) do
  result[#result + 1] = json
end
for _, json in ipairs(redis.call('HVALS', SHARD_EPOCHS)) do
  result[#result + 1] = json
end
return result
