-- Gives a person the next number of an open draw, if all that Rust decided upon is still so: number, digest, log, person
-- and proof change together.
--
-- KEYS[3] people  KEYS[4] log of the draw  KEYS[5] proof (absent where the join has none)
-- ARGV[2] epoch  ARGV[3] frozen_through or -1  ARGV[4] the draw is the one by the clock before this instant, or empty
-- ARGV[5] tag    ARGV[6] the person as read, or empty
-- ARGV[7] draw   ARGV[8] tier  ARGV[9] JSON of the person with the ticket, number and digest aside
-- ARGV[10] attempt  ARGV[11] when the proof may be forgotten, ms since 1970  then counters of the score
-- Result: {'given', number, digest in hex}, {'declare'} if the coordinator must be told of the draw, or of the first line in it, first, or {'changed'}
local epoch, tag, draw, tier = ARGV[2], ARGV[5], ARGV[7], tonumber(ARGV[8])
local PEOPLE, LOG, PROOF = KEYS[3], KEYS[4], KEYS[5]

local function to_hex(bytes)
  return (string.gsub(bytes, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end

local function from_hex(hex)
  return (string.gsub(hex, '%x%x', function(byte) return string.char(tonumber(byte, 16)) end))
end

-- `epoch` begins at these counts, unless it has numbers already.
local function note_epoch(parts)
  local last = parts[#parts]
  if #parts == 5 or string.match(last, '^%d+') ~= epoch then
    parts[#parts + 1] = table.concat({ epoch, parts[1], parts[2], parts[3] }, '/')
  end
end

if not unchanged(epoch, ARGV[3], ARGV[4], PEOPLE, tag, ARGV[6]) or (PROOF and not may_use(PROOF, ARGV[10])) then
  return { 'changed' }
end
local parts = parts_of(redis.call('HGET', OPEN, draw) or '')
-- Tier 2, the suspects, is the second line.
local is_told = is_declared(parts, epoch) and (tier == 2 or parts[5] == epoch .. FIRST_LINE)
if not is_told then return { 'declare' } end

note_epoch(parts)
local number = parts[tier + 1]
local entry = string.char(tier) .. tag
parts[tier + 1] = string.format('%d', number + 1)
parts[4] = to_hex(sha256(from_hex(parts[4]) .. entry))

redis.call('HSET', OPEN, draw, table.concat(parts, ' '))
redis.call('APPEND', LOG, entry)
redis.call('HSET', PEOPLE, tag, number .. ':' .. parts[4] .. ':' .. ARGV[9])
redis.call('HINCRBY', SHARD, 'joined', 1)
if PROOF then redis.call('SET', PROOF, ARGV[10], 'PXAT', ARGV[11]) end
count_score(12)
return { 'given', tonumber(number), parts[4] }
