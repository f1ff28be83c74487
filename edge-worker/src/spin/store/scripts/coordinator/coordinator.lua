-- Put before every script of the coordinator (after redis.lua): what there is one of in an event. All its keys are in one
-- hash slot.
--
-- KEYS[1] event  HASH  fixed, put, pulse, progress, schedule   JSON, Rust's; `schedule` is the part that is still needed
--                      revision        counts the changes of these
--                      server, epoch   the present life of this data, as in a shard
--                      ended           former lives: 'epoch:closed_through ', -1 for none, oldest first
--                      mustered        the life in which all shards were asked what they have; no draw is closed before
--                      mustered_at     when they were asked last, ms since 1970
--                      joined          tickets given, as they said then
--                      scores          how joins were scored, as they said then, JSON; absent before the first muster
--                      pace            joins a second between the last two musters; absent before the second
--                      lives_revision  counts the new lives of shards
-- KEYS[2] announced  ZSET  'draw/shard' by draw: who may have tickets in draws that are not closed
-- KEYS[3] lives      HASH  shard -> JSON of its lives in draws that are not closed, as of the last muster
-- KEYS[4] epochs     HASH  shard -> the life it last announced
-- Other keys, where a script names them:
--         segments, stops  LIST  of the schedule, JSON, oldest first: those that `schedule` has dropped. Appended
--         records          HASH  draw -> signed record, JSON. Written once, with the progress that counts it
--         chain            STRING  the checkpoints of the secrets
-- ARGV[1] candidate, see redis.lua
--
-- Invariant: no draw up to progress.closing or progress.closed_through is added to `announced` by a shard.
local EVENT, ANNOUNCED, LIVES, EPOCHS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local MAX_ENDED = 64 -- places of a life before that are worked out again

local function is_there()
  return redis.call('EXISTS', EVENT) == 1
end

local function progress()
  return cjson.decode(redis.call('HGET', EVENT, 'progress'))
end

local function or_none(draw)
  return draw == cjson.null and -1 or draw
end

-- The first draw that is not closed and may have tickets, or -1.
local function first_announced()
  local first = redis.call('ZRANGE', ANNOUNCED, 0, 0, 'WITHSCORES')
  return tonumber(first[2] or -1)
end

local function with_ended(ended, epoch)
  local all = {}
  for one in string.gmatch(ended or '', '%S+') do
    all[#all + 1] = one
  end
  all[#all + 1] = string.format('%s:%d', epoch, or_none(progress().closed_through))
  return table.concat(all, ' ', math.max(1, #all - MAX_ENDED + 1))
end

-- The epoch of the present life. The first script that finds the data in another history begins a new one, and forgets
-- what shards said: they may have gone back as well, or this may have forgotten what they announced.
local function present_life()
  local known = redis.call('HMGET', EVENT, 'server', 'epoch', 'ended')
  local server = history()
  if known[1] == server then return known[2] end
  must_keep_everything()
  local candidate = ARGV[1]
  if known[2] == candidate or string.find(' ' .. (known[3] or ''), ' ' .. candidate .. ':', 1, true) then
    error({ err = 'ERR the candidate for a new life is an old one' })
  end
  if known[2] then
    redis.call('HSET', EVENT, 'ended', with_ended(known[3], known[2]), 'mustered', 0, 'mustered_at', 0)
    redis.call('DEL', LIVES, EPOCHS)
  end
  redis.call('HSET', EVENT, 'server', server, 'epoch', candidate)
  return candidate
end

-- Whether the event is as it was read, and this is not too late for the instants that Rust has stamped.
local function unchanged(epoch, revision, latest_ms)
  return is_there()
    and present_life() == epoch
    and redis.call('HGET', EVENT, 'revision') == revision
    and now_ms() <= tonumber(latest_ms)
end

-- Writes the event, and the parts of the schedule that are needed no more.
local function change(put, pulse, progress_json, schedule)
  redis.call('HSET', EVENT, 'put', put, 'pulse', pulse, 'progress', progress_json, 'schedule', schedule)
  redis.call('HINCRBY', EVENT, 'revision', 1)
end

-- ARGV[first] is how many follow for `segments`, the rest is for `stops`.
local function retire(first, segments, stops)
  local last_segment = first + tonumber(ARGV[first])
  for i = first + 1, #ARGV do
    redis.call('RPUSH', i <= last_segment and segments or stops, ARGV[i])
  end
end
