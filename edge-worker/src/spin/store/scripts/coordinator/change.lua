-- Changes the event, if it is as it was read, and, where a draw is to be closed, nothing before that draw was announced
-- meanwhile: the closing would pass that over. Where the windows change, nothing at all may have been announced.
--
-- KEYS[5] segments  KEYS[6] stops
-- ARGV[2] epoch  ARGV[3] revision  ARGV[4] latest instant, ms since 1970
-- ARGV[5] put  ARGV[6] pulse  ARGV[7] progress  ARGV[8] schedule
-- ARGV[9] the first draw that is announced, -1 for none, or empty where it does not matter
-- ARGV[10] number of segments  then segments, then stops
-- Result: {1}, or {0} if it has changed or this is too late
if not unchanged(ARGV[2], ARGV[3], ARGV[4]) then return { 0 } end
if ARGV[9] ~= '' and first_announced() ~= tonumber(ARGV[9]) then return { 0 } end
change(ARGV[5], ARGV[6], ARGV[7], ARGV[8])
retire(10, KEYS[5], KEYS[6])
return { 1 }
