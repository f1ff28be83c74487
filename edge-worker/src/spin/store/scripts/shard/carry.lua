-- Makes what earlier draws left over the first tickets of a draw in which this shard has given no number, if all that Rust
-- decided upon is still so: tickets, log, people, and that those draws are done with change together.
--
-- KEYS[3] people  KEYS[4] log of the draw  KEYS[5] carried  KEYS[6] entered
-- ARGV[2] epoch  ARGV[3] draw  ARGV[4] tickets  ARGV[5] JSON of what is carried  ARGV[6] entries of the log
-- ARGV[7] number of earlier draws  then draw, tickets per tier that were entered, …
-- then tag, the person as read, the person as they are to be, …
-- Result: {1}, or {0} if something has changed, or the coordinator was not told of the draw
local epoch, draw, PEOPLE = ARGV[2], ARGV[3], KEYS[3]
local last_draw = 7 + 2 * tonumber(ARGV[7])
local opened = parts_of(redis.call('HGET', OPEN, draw) or '')
local is_empty = opened[1] == '0' and opened[2] == '0' and opened[3] == '0'
if present_epoch() ~= epoch or not is_declared(opened, epoch) or not is_empty or tonumber(draw) <= frozen_through() then return { 0 } end
for i = 8, last_draw, 2 do
  if redis.call('HEXISTS', KEYS[6], ARGV[i]) == 1 then return { 0 } end
end
for i = last_draw + 1, #ARGV, 3 do
  if (redis.call('HGET', PEOPLE, ARGV[i]) or '') ~= ARGV[i + 1] then return { 0 } end
end
redis.call('HSET', OPEN, draw, ARGV[4])
redis.call('HSET', KEYS[5], draw, ARGV[5])
redis.call('APPEND', KEYS[4], ARGV[6])
for i = 8, last_draw, 2 do
  redis.call('HSET', KEYS[6], ARGV[i], ARGV[i + 1])
end
for i = last_draw + 1, #ARGV, 3 do
  redis.call('HSET', PEOPLE, ARGV[i], ARGV[i + 2])
end
return { 1 }
