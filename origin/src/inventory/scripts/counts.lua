-- Reads the section's counters, without its seats.
--
-- ARGV    none
-- Result  {'counts', capacity, locked, sold} or {'unloaded'}
-- Invariant  Reads only; O(log n). capacity - locked - sold seats are available.
if not is_loaded() then return { 'unloaded' } end
local meta = redis.call('HMGET', META, 'capacity', 'sold')
local locked = redis.call('ZCOUNT', DUE, '(' .. now_ms(), '+inf')
return { 'counts', tonumber(meta[1]), locked, tonumber(meta[2]) }
