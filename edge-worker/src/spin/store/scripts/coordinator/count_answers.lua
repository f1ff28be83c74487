-- Adds up how gates saw a protected site answer. A command that is sent again counts twice: the meter goes by shares.
--
-- KEYS[1] site_answers  HASH  well:GROUP, failed:GROUP, slow:GROUP -> so many answers to sessions of the group since the
--                       event was created
-- ARGV  name, how many more, name, how many more, ...
-- Result: {1}
for i = 1, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
end
return { 1 }
