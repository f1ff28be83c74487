-- Forgets ended sessions whose carts were emptied, once no request of theirs can be on its way any more.
-- KEYS  1 to 5 as end_sessions.lua
-- ARGV  1 so many ms after its end a session's cart is emptied for the last time, 2.. jti
-- Result: how many are forgotten
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local forgotten = 0
for i = 2, #ARGV do
  local mark = string.sub(ARGV[i], 1, 16)
  local ended_at = string.match(redis.call('HGET', KEYS[4], mark) or '', '|(%d+)$')
  if ended_at and ended_at + ARGV[1] <= now then forgotten = forgotten + redis.call('HDEL', KEYS[4], mark) end
end
return forgotten
