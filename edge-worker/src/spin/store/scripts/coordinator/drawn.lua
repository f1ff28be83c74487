-- Which windows of a page have a record.
--
-- KEYS[1] records, see coordinator.lua
-- ARGV[1] first window  ARGV[2] number of windows
-- Result: {window, window, …}, ascending
local result = {}
for window = tonumber(ARGV[1]), tonumber(ARGV[1]) + tonumber(ARGV[2]) - 1 do
  if redis.call('HEXISTS', KEYS[1], window) == 1 then result[#result + 1] = window end
end
return result
