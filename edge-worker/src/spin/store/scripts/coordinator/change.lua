-- Changes the event, if it is as it was read, and, where a draw is to be closed, nothing before that draw was declared
-- meanwhile: the closing would pass that over. Where the windows change, nothing at all may have been declared.
--
-- KEYS[7] segments  KEYS[8] stops
-- ARGV[2] epoch  ARGV[3] revision  ARGV[4] latest instant, ms since 1970
-- ARGV[5] to ARGV[10] the event, see `change` in coordinator.lua
-- ARGV[11] the first draw that is declared, -1 for none, or empty where it does not matter
-- ARGV[12] number of segments  then segments, then stops
-- Result: {1}, or {0} if it has changed or this is too late
if not unchanged(ARGV[2], ARGV[3], ARGV[4]) then return { 0 } end
if ARGV[11] ~= '' and first_declared() ~= tonumber(ARGV[11]) then return { 0 } end
change(5)
retire(12, KEYS[7], KEYS[8])
return { 1 }
