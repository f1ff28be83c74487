-- The whole schedule.
--
-- KEYS[5] segments  KEYS[6] stops
-- Result: {} if there is no event, or {schedule, number of segments before it, segments …, stops before it …}
if not is_there() then return {} end
local result = { redis.call('HGET', EVENT, 'schedule'), redis.call('LLEN', KEYS[5]) }
for _, list in ipairs({ KEYS[5], KEYS[6] }) do
  for _, json in ipairs(redis.call('LRANGE', list, 0, -1)) do
    result[#result + 1] = json
  end
end
return result
