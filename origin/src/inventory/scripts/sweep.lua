-- Tidies: removes locks that are over. Nothing depends on it, every read and every lock sees them as available anyway.
--
-- ARGV    2 how many at most
-- Result  {'swept', how many} or {'unloaded'}
-- Invariant  Only locks that are over are touched; bounded by ARGV[2].
if not is_loaded() then return { 'unloaded' } end
return { 'swept', free_due(now_ms(), tonumber(ARGV[2])) }
