-- Opens a draw that the coordinator was told of in the present epoch.
--
-- ARGV[2] the epoch it was told of  ARGV[3] draw  ARGV[4] the coordinator's epoch that was told
-- ARGV[5] 1 if it was told that people of the first line get numbers, else 0
-- Result: {1}, or {0} if the draw is frozen, or a new epoch has begun here or there: the coordinator may know nothing then
local epoch, draw = ARGV[2], ARGV[3]
local reported_to = redis.call('HGET', SHARD, 'coordinator')
if present_epoch() ~= epoch or (reported_to and reported_to ~= ARGV[4]) or tonumber(draw) <= frozen_through() then
  return { 0 }
end
local parts = parts_of(redis.call('HGET', OPEN, draw) or '')
if #parts == 0 then parts = { '0', '0', '0', string.rep('0', 64) } end
if ARGV[5] == '1' or parts[5] == epoch .. FIRST_LINE then
  parts[5] = epoch .. FIRST_LINE
else
  parts[5] = epoch
end
redis.call('HSET', OPEN, draw, table.concat(parts, ' '))
return { 1 }
