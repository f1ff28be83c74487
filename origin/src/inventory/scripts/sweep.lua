-- Removes expired locks. Nothing depends on it: every read and every lock sees their seats as available anyway.
--
-- ARGV    2 how many at most
-- Result  {'swept', how many} or {'unloaded'}
-- Invariant  Only expired locks are touched, at most ARGV[2].
if not is_loaded() then return { 'unloaded' } end
return { 'swept', free_due(now_ms(), tonumber(ARGV[2])) }
