-- A part of the schedule.
--
-- KEYS[7] segments  KEYS[8] stops
-- ARGV[2] number of segments in a chunk  ARGV[3] number of the chunk, or -1 for the last that begins in `segments`
-- Result: {} if there is no event, or
--   {now in ms, schedule, number of segments before it, number of them that follow, segments of the chunk …, stops before it …}
if not is_there() then return {} end
local before = redis.call('LLEN', KEYS[7])
local size, chunk = tonumber(ARGV[2]), tonumber(ARGV[3])
if chunk < 0 then chunk = math.floor(before / size) end
local segments = redis.call('LRANGE', KEYS[7], chunk * size, chunk * size + size - 1)
local result = { now_ms(), redis.call('HGET', EVENT, 'schedule'), before, #segments }
for _, list in ipairs({ segments, redis.call('LRANGE', KEYS[8], 0, -1) }) do
  for _, json in ipairs(list) do
    result[#result + 1] = json
  end
end
return result
