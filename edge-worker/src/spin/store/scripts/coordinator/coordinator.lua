-- Put before every script of the coordinator (after redis.lua): what there is one of in an event. All its keys are in one
-- hash slot.
--
-- KEYS[1] event  HASH  constants, settings, live, progress, schedule   JSON, Rust's; `schedule` is the part that is still
--                                          needed
--                      closed_through      draws up to this one are closed, as `progress` says; -1: none is
--                      announcements_ended  draws up to this one are closed or being closed, as `progress` says; -1: none is
--                      shards              the number of shards; never changes
--                      revision            counts the changes of these
--                      server, epoch       the present epoch of this data, as in a shard
--                      ended               former epochs: 'epoch:closed_through ', -1 for none, oldest first
--                      epoch_at            when the present epoch began, ms since 1970
--                      reported_in         the epoch in which all shards have reported
--                      reported_at         when they were last asked, ms since 1970
--                      joined              tickets given, as they said then
--                      scores              how joins were scored, as they said then, JSON; absent before the first reports
--                      joins_per_second    between the last two reports; absent before the second
--                      sessions_begun, sessions_over, sessions_revived, sessions_walked_in, ended_end  see note_sessions.lua;
--                                          absent before the first
--                      walk_ins            JSON, Rust's: how many may begin without a turn; absent before the first
--                      epochs_revision     counts the new epochs of shards
-- KEYS[2] announced  ZSET  'draw/shard' by draw: which shards may have tickets in draws that are not closed
-- KEYS[3] shard_epochs  HASH  shard -> JSON of its epochs in draws that are not closed, as it last reported
-- KEYS[4] announced_epochs  HASH  shard -> its epoch when it last declared a draw
-- KEYS[5] reports  HASH  shard -> JSON of what it last reported in this epoch, of all that it has in draws that are not closed
-- KEYS[6] frozen_tickets  HASH  'draw/shard' -> JSON of what the shard has in a draw that is not closed; it is frozen there
-- Other keys, where a script names them:
--         segments, stops  LIST  of the schedule, JSON, oldest first: those that `schedule` has dropped. Appended
--         records          HASH  draw -> signed record, JSON. Written once, with the progress that counts it
--         session_counts, ended_sessions  of shopping sessions, see note_sessions.lua
--         slots, waiting, waiting_since  of sessions that are about to begin, see take_slot.lua
--         chain            STRING  the checkpoints of the secrets
-- ARGV[1] candidate, see redis.lua
--
-- Invariant: no draw up to `announcements_ended` is added to `announced` by a shard.
local EVENT, ANNOUNCED, SHARD_EPOCHS, ANNOUNCED_EPOCHS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local REPORTS, FROZEN_TICKETS = KEYS[5], KEYS[6]
local MAX_ENDED = 64 -- places of an epoch before that are worked out again

local function is_there()
  return redis.call('EXISTS', EVENT) == 1
end

-- A field of the event that is a number.
local function number_of(field)
  return tonumber(redis.call('HGET', EVENT, field))
end

-- The first draw that is not closed and may have tickets, or -1.
local function first_declared()
  local first = redis.call('ZRANGE', ANNOUNCED, 0, 0, 'WITHSCORES')
  return tonumber(first[2] or -1)
end

local function with_ended(ended, epoch)
  local all = {}
  for one in string.gmatch(ended or '', '%S+') do
    all[#all + 1] = one
  end
  all[#all + 1] = string.format('%s:%d', epoch, number_of('closed_through'))
  return table.concat(all, ' ', math.max(1, #all - MAX_ENDED + 1))
end

-- The present epoch. The first script that finds the data in another history begins a new one, and forgets what shards said:
-- they may have gone back as well, or this may have forgotten what they declared.
local function present_epoch()
  local known = redis.call('HMGET', EVENT, 'server', 'epoch', 'ended')
  local server = history()
  if known[1] == server then return known[2] end
  must_keep_everything()
  local candidate = ARGV[1]
  if known[2] == candidate or string.find(' ' .. (known[3] or ''), ' ' .. candidate .. ':', 1, true) then
    error({ err = 'ERR the candidate for a new epoch is an old one' })
  end
  if known[2] then
    redis.call('HSET', EVENT, 'ended', with_ended(known[3], known[2]), 'reported_in', 0, 'reported_at', 0)
    redis.call('DEL', SHARD_EPOCHS, ANNOUNCED_EPOCHS, REPORTS, FROZEN_TICKETS)
  end
  redis.call('HSET', EVENT, 'server', server, 'epoch', candidate, 'epoch_at', now_ms())
  return candidate
end

-- Whether the event is as it was read, and this is not too late for the instants that Rust has stamped.
local function unchanged(epoch, revision, latest_ms)
  return is_there()
    and present_epoch() == epoch
    and redis.call('HGET', EVENT, 'revision') == revision
    and now_ms() <= tonumber(latest_ms)
end

-- Writes the event: ARGV[first] and the five that follow are settings, live, progress, schedule, closed_through and
-- announcements_ended.
local function change(first)
  redis.call('HSET', EVENT, 'settings', ARGV[first], 'live', ARGV[first + 1], 'progress', ARGV[first + 2],
    'schedule', ARGV[first + 3], 'closed_through', ARGV[first + 4], 'announcements_ended', ARGV[first + 5])
  redis.call('HINCRBY', EVENT, 'revision', 1)
end

-- Appends the parts of the schedule that are needed no more: ARGV[first] is how many follow for `segments`, the rest is for
-- `stops`.
local function retire(first, segments, stops)
  local last_segment = first + tonumber(ARGV[first])
  for i = first + 1, #ARGV do
    redis.call('RPUSH', i <= last_segment and segments or stops, ARGV[i])
  end
end
