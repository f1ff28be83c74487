-- The event.
--
-- Result: {now in ms} if there is none, or
--   {now, epoch, revision, ended, mustered, mustered_at, joined, scores or nil, pace or nil, lives_revision,
--    first draw announced or -1, fixed, put, pulse, progress, schedule, lives of a shard, lives of a shard, …}
if not is_there() then return { now_ms() } end
local epoch = present_life()
local result = redis.call('HMGET', EVENT, 'revision', 'ended', 'mustered', 'mustered_at', 'joined', 'scores',
  'pace', 'lives_revision')
table.insert(result, 1, epoch)
table.insert(result, 1, now_ms())
result[#result + 1] = first_announced()
for _, json in ipairs(redis.call('HMGET', EVENT, 'fixed', 'put', 'pulse', 'progress', 'schedule')) do
  result[#result + 1] = json
end
for _, json in ipairs(redis.call('HVALS', LIVES)) do
  result[#result + 1] = json
end
return result
