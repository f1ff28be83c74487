-- Put before every inventory script: the three keys of a section, and what all scripts need of them.
--
-- KEYS[1] meta  HASH  run       run id of the Redis process for which the section was loaded (the `loaded` mark)
--                     capacity  seats of the section
--                     sold      seats of `held` that begin with S
-- KEYS[2] held  HASH  seat ->   'L' owner   locked in a cart
--                               'P' owner   locked and being paid for: only the checkout lets it go
--                               'X' owner   locked, was being paid for before: not extended a second time
--                               'S' order   sold
--               A seat that is absent is available.
-- KEYS[3] due   ZSET  every L, P and X seat, by the millisecond from which on its lock is over
-- ARGV[1] run   what KEYS[1].run must be; otherwise the section is not loaded and nothing is touched
--
-- Invariant after every script: HLEN(held) = ZCARD(due) + sold, so that with
-- available = capacity - HLEN(held): available + locked + sold = capacity.
-- A lock in `due` that is over counts as available in every read, swept or not.
local META, HELD, DUE = KEYS[1], KEYS[2], KEYS[3]
local FREED_AT_ONCE = 64 -- bounds what one request tidies for others

local function is_loaded()
  return redis.call('HGET', META, 'run') == ARGV[1]
end

-- Redis's clock is the only one that judges locks.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Removes at most `most` locks that are over; returns how many.
local function free_due(now, most)
  local over = redis.call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, most)
  if #over > 0 then
    redis.call('HDEL', HELD, unpack(over))
    redis.call('ZREM', DUE, unpack(over))
  end
  return #over
end

-- ARGV from position `first` on.
local function seats_from(first)
  local seats = {}
  for i = first, #ARGV do
    seats[#seats + 1] = ARGV[i]
  end
  return seats
end

-- When the lock on `seat` is over, if `holder` (its value of `held`, or false) is a lock that is not over at `now`.
local function live_lock(seat, holder, now)
  if not holder or string.sub(holder, 1, 1) == 'S' then return false end
  local ends = tonumber(redis.call('ZSCORE', DUE, seat))
  return ends > now and ends
end

-- Whose lock `holder` is.
local function owner_of(holder)
  return string.match(holder, '^%u([^|]*)')
end

-- The attempt that is paying for the seat, 0 for one from before attempts had numbers; nil if nobody is paying.
local function attempt_of(holder)
  if not holder or string.sub(holder, 1, 1) ~= 'P' then return nil end
  return tonumber(string.match(holder, '|(%d+)$')) or 0
end

-- live_lock, if it is `owner`'s as well. A lock that is over is nobody's.
local function own_lock(seat, holder, owner, now)
  return holder and owner_of(holder) == owner and live_lock(seat, holder, now)
end
