-- Locks seats for one owner: all of them or none.
--
-- ARGV    2 owner, 3 lock time in ms, 4 instant in ms at which the lock ends at the latest, 5.. seats (each once)
-- Result  {'locked', ends, own seat, its end, …}  ends: of the seats locked now; then the seats that the owner held
--                                                 before, with their ends, which stay as they were
--         {'taken', seat, …}   the seats that others hold or have bought; nothing is locked
--         {'over'}             ARGV[4] is not in the future; nothing is locked
--         {'unloaded'}
-- Invariant  No seat ever has two owners: a holder is replaced only when its lock is over.
if not is_loaded() then return { 'unloaded' } end
local owner = ARGV[2]
local now = now_ms()
local ends = math.min(now + tonumber(ARGV[3]), tonumber(ARGV[4]))
if ends <= now then return { 'over' } end
free_due(now, FREED_AT_ONCE)

local wanted = seats_from(5)
local holders = redis.call('HMGET', HELD, unpack(wanted))
local taken, answer, fields, scores = { 'taken' }, { 'locked', ends }, {}, {}
for i, seat in ipairs(wanted) do
  local holder = holders[i]
  local held_until = live_lock(seat, holder, now)
  local is_sold = holder and string.sub(holder, 1, 1) == 'S'
  if not held_until and not is_sold then
    fields[#fields + 1] = seat
    fields[#fields + 1] = 'L' .. owner
    scores[#scores + 1] = ends
    scores[#scores + 1] = seat
  elseif held_until and owner_of(holder) == owner then
    answer[#answer + 1] = seat
    answer[#answer + 1] = held_until
  else
    taken[#taken + 1] = seat
  end
end
if #taken > 1 then return taken end
if #fields > 0 then
  redis.call('HSET', HELD, unpack(fields))
  redis.call('ZADD', DUE, unpack(scores))
end
return answer
