-- Builds a section from PostgreSQL's data: capacity and sold seats. Earlier locks are gone.
--
-- ARGV    2 capacity, 3.. pairs of seat and order: the live tickets
-- Result  {'loaded', sold}    or {'loaded_before'}: another process was first; nothing is changed, no lock is lost
-- Invariant  The mark is set last, in the same step as the rest: a section is loaded wholly or not at all.
if is_loaded() then return { 'loaded_before' } end
redis.call('UNLINK', META, HELD, DUE)
local sold = (#ARGV - 2) / 2
for i = 3, #ARGV, 2 do
  redis.call('HSET', HELD, ARGV[i], 'S' .. ARGV[i + 1])
end
redis.call('HSET', META, 'run', ARGV[1], 'capacity', ARGV[2], 'sold', sold)
return { 'loaded', sold }
