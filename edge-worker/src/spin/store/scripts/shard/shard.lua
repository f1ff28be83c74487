-- Put before every script of a shard (after redis.lua): one N-th of an event's people. All its keys are in one hash slot.
--
-- KEYS[1] shard   HASH    server          the history for which `epoch` is the present one, see redis.lua
--                         epoch           the present epoch
--                         frozen_through  no number is given in a draw up to this one any more; absent: none is frozen
--                         joined          tickets given, over all draws
--                         coordinator     the coordinator's epoch in which this shard last reported
--                         sessions_begun, sessions_walked_in  shopping sessions that began, and those of them without a turn
--                         sessions_revived  how often one went on after it was over
--                         score:NAME      how joins were scored, by counter
-- KEYS[2] open    HASH    draw -> tickets, for draws that were declared and are not frozen:
--                         'count0 count1 count2 digest declared epoch epoch …', where
--                         digest     64 hex digits over all tickets in order
--                         declared  the epoch in which the coordinator was last told of this draw; a '+' follows once it
--                                    was told that people of the first line get numbers in it
--                         epoch      epoch/from0/from1/from2: which epoch gave the numbers from there on
-- Other keys of a shard, where a script names them:
--         people  HASH    tag (16 bytes) -> 'number:digest:JSON': number and digest as a script gave them, the rest is Rust's
--         frozen  HASH    draw -> tickets; written once when the draw is frozen, never changed
--         carried HASH    draw -> JSON of its first tickets, where earlier draws left them over; written once with them
--         entered HASH    draw -> tickets per tier with which it was closed without this shard's answer; written once, with
--                         the tickets that the draw left over
--         log     STRING  per draw: 17 bytes per ticket (tier, tag) in the order of the digest; appended, never changed
--         proof   STRING  per solved challenge: the attempt that used it; goes by itself when nobody can use it any more
--         sessions, ended  shopping sessions; see sessions.lua
--         identifier  SET and HASH per identifier: who used it, and how many; see identifier_users.lua
-- ARGV[1] candidate, see redis.lua
--
-- Invariant: in every draw the counts add up to the entries of the log, the digest is over exactly these, the epochs cover
-- all numbers, and people have the numbers that they stand for.
local SHARD, OPEN = KEYS[1], KEYS[2]
local FIRST_LINE = '+'

local function must_be_new(candidate)
  for _, tickets in ipairs(redis.call('HVALS', OPEN)) do
    if string.find(tickets, ' ' .. candidate .. '/', 1, true) then
      error({ err = 'ERR the candidate for a new epoch is an old one' })
    end
  end
end

-- The present epoch. The first script that finds the data in another history begins a new one.
local function present_epoch()
  local known = redis.call('HMGET', SHARD, 'server', 'epoch')
  local server = history()
  if known[1] == server then return known[2] end
  must_keep_everything()
  local candidate = ARGV[1]
  must_be_new(candidate)
  redis.call('HSET', SHARD, 'server', server, 'epoch', candidate)
  return candidate
end

local function frozen_through()
  return tonumber(redis.call('HGET', SHARD, 'frozen_through') or -1)
end

-- The parts of `tickets`: three counts, digest, declared, epochs.
local function parts_of(tickets)
  local parts = {}
  for part in string.gmatch(tickets, '%S+') do
    parts[#parts + 1] = part
  end
  return parts
end

-- Whether the coordinator was told of a draw with these parts in this epoch.
local function is_declared(parts, epoch)
  return parts[5] == epoch or parts[5] == epoch .. FIRST_LINE
end

-- Whether nothing has changed of what Rust decided upon. An empty `through` or `until_ms`: it does not depend on it.
local function unchanged(epoch, through, until_ms, people, tag, before)
  return present_epoch() == epoch
    and (through == '' or frozen_through() == tonumber(through))
    and (until_ms == '' or now_ms() < tonumber(until_ms))
    and (redis.call('HGET', people, tag) or '') == before
end

-- Whether `attempt` may use the proof, or has used it already.
local function may_use(proof, attempt)
  local used_by = redis.call('GET', proof)
  return not used_by or used_by == attempt
end

-- Counts a scored join: ARGV[first] and what follows are the counters.
local function count_score(first)
  for i = first, #ARGV do
    redis.call('HINCRBY', SHARD, 'score:' .. ARGV[i], 1)
  end
end

-- Ends all draws up to this one: no number is given in them any more.
local function freeze_through(frozen, draw)
  if frozen_through() >= tonumber(draw) then return end
  for _, one in ipairs(redis.call('HKEYS', OPEN)) do
    if tonumber(one) <= tonumber(draw) then
      redis.call('HSET', frozen, one, redis.call('HGET', OPEN, one))
      redis.call('HDEL', OPEN, one)
    end
  end
  redis.call('HSET', SHARD, 'frozen_through', draw)
end
