-- Prefix of every inventory script: the three keys of a section, and the functions that all scripts need.
--
-- KEYS[1] meta  HASH  run       run id of the Redis process for which the section was loaded: the `loaded` mark
--                     capacity  seats of the section
--                     sold      seats of `held` that begin with S
-- KEYS[2] held  HASH  seat ->   'L' owner   locked in a cart
--                               'P' owner   locked and being paid for: only the checkout unlocks it
--                               'X' owner   locked, and was being paid for before: not extended a second time
--                               'S' order   sold
--               A seat that is absent is available.
-- KEYS[3] due   ZSET  every L, P and X seat, by the millisecond at which its lock expires
-- ARGV[1] run   must equal KEYS[1].run; otherwise the section is not loaded and nothing is touched
--
-- Invariant after every script: HLEN(held) = ZCARD(due) + sold, so that with
-- available = capacity - HLEN(held): available + locked + sold = capacity.
-- A seat with an expired lock counts as available in every read, whether the lock was removed or not.
local META, HELD, DUE = KEYS[1], KEYS[2], KEYS[3]
local FREED_AT_ONCE = 64 -- expired locks that one request removes at most

local function is_loaded()
  return redis.call('HGET', META, 'run') == ARGV[1]
end

-- Only Redis's clock decides whether a lock is over.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Removes at most `most` expired locks; returns how many.
local function free_due(now, most)
  local over = redis.call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, most)
  if #over > 0 then
    redis.call('HDEL', HELD, unpack(over))
    redis.call('ZREM', DUE, unpack(over))
  end
  return #over
end

-- The arguments from position `first` on.
local function seats_from(first)
  local seats = {}
  for i = first, #ARGV do
    seats[#seats + 1] = ARGV[i]
  end
  return seats
end

-- The end of the lock on `seat` if it has not expired at `now`. `holder` is the seat's value in `held`, or false.
local function live_lock(seat, holder, now)
  if not holder or string.sub(holder, 1, 1) == 'S' then return false end
  local ends = tonumber(redis.call('ZSCORE', DUE, seat))
  return ends > now and ends
end

-- The owner of the lock `holder`.
local function owner_of(holder)
  return string.match(holder, '^%u([^|]*)')
end

-- The attempt that is paying for the seat; nil if none is. 0 stands for an attempt from before attempts had numbers.
local function attempt_of(holder)
  if not holder or string.sub(holder, 1, 1) ~= 'P' then return nil end
  return tonumber(string.match(holder, '|(%d+)$')) or 0
end

-- live_lock, if `owner` has the lock. An expired lock has no owner.
local function own_lock(seat, holder, owner, now)
  return holder and owner_of(holder) == owner and live_lock(seat, holder, now)
end
