-- A shard's report to the coordinator: how many have joined, which epoch it is in, and in which draws that are not
-- closed it has tickets or may give some (a coordinator that was restored may have forgotten that it was told of them).
--
-- KEYS[3] frozen  KEYS[4] carried  KEYS[5] sessions  KEYS[6] ended  KEYS[7] told, see sessions.lua
-- ARGV[2] draws up to this one are closed; -1: none is  ARGV[3] the coordinator's epoch
-- Result: {epoch, joined, number of counters, counter, count, …, report as session_report in sessions.lua, draw, tickets, what it carries or nil, frozen (1 or 0), …}
local closed_through = tonumber(ARGV[2])
if redis.call('HGET', SHARD, 'coordinator') ~= ARGV[3] then
  redis.call('HSET', SHARD, 'coordinator', ARGV[3])
  -- It may have forgotten which sessions were ended.
  local told = redis.call('ZRANGE', KEYS[7], 0, -1, 'WITHSCORES')
  for i = 1, #told, 2 do
    redis.call('HSET', KEYS[6], told[i], told[i + 1])
  end
  redis.call('DEL', KEYS[7])
  -- It may have forgotten that it was told of the first line, and is told again.
  for _, draw in ipairs(redis.call('HKEYS', OPEN)) do
    local parts = parts_of(redis.call('HGET', OPEN, draw))
    parts[5] = string.match(parts[5], '^%d+')
    redis.call('HSET', OPEN, draw, table.concat(parts, ' '))
  end
end
local result = { present_epoch(), tonumber(redis.call('HGET', SHARD, 'joined') or 0) }

local function add(draw, tickets)
  result[#result + 1] = draw
  result[#result + 1] = tickets
end

local parts, counters = redis.call('HGETALL', SHARD), 0
result[3] = 0
for i = 1, #parts, 2 do
  local counter = string.match(parts[i], '^score:(.+)$')
  if counter then
    counters = counters + 1
    add(counter, parts[i + 1])
  end
end
result[3] = counters
for _, part in ipairs(session_report(KEYS[5], KEYS[6])) do
  result[#result + 1] = part
end

local open = redis.call('HGETALL', OPEN)
local function add_draw(draw, tickets, frozen)
  add(draw, tickets)
  add(redis.call('HGET', KEYS[4], draw), frozen)
end
for i = 1, #open, 2 do
  add_draw(open[i], open[i + 1], 0)
end
if frozen_through() > closed_through then
  for _, draw in ipairs(redis.call('HKEYS', KEYS[3])) do
    if tonumber(draw) > closed_through then add_draw(draw, redis.call('HGET', KEYS[3], draw), 1) end
  end
end
return result
