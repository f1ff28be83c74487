-- Put before every script of the queue store: the clock, and the epoch of the data.
--
-- ARGV[1]  candidate  a random number (1 to 2^32-1 in decimal) for an epoch that begins now

-- Redis's clock, in ms. It judges everything that happens in Redis.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Names the history that this process has in memory: the run id changes with every start (the data may be an older copy
-- then), the replication id when a replica takes over (it may lack the last writes).
local function history()
  local info = redis.call('INFO', 'server', 'replication')
  return string.match(info, 'run_id:(%x+)') .. string.match(info, 'master_replid:(%x+)')
end

-- A Redis that evicts the queue's keys forgets numbers, people and frozen draws without a new history: it gives numbers
-- twice. One that evicts only keys which end by themselves forgets used proofs of work and who used a network. So no
-- epoch begins in either.
local function must_keep_everything()
  local memory = redis.call('INFO', 'memory')
  local limited = tonumber(string.match(memory, 'maxmemory:(%d+)') or 0) > 0
  local policy = string.match(memory, 'maxmemory_policy:([%l-]+)')
  if limited and policy ~= 'noeviction' then
    local evicts = 'ERR this Redis evicts keys (maxmemory-policy ' .. (policy or 'unknown') .. ')'
    error({ err = evicts .. ': the queue needs noeviction' })
  end
end
