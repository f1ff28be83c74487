-- What a person's request is decided upon.
--
-- KEYS[3] people  KEYS[4] proof (absent where the request has none)
-- ARGV[2] tag
-- Result: {now in ms, epoch, frozen_through or -1, the person or nil, the attempt that used the proof or nil}
local used_by = KEYS[4] and redis.call('GET', KEYS[4])
return { now_ms(), present_epoch(), frozen_through(), redis.call('HGET', KEYS[3], ARGV[2]), used_by or false }
