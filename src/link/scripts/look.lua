-- LOOK origin at: where the log is. Writes nothing, so that it works when nothing can be written.
if not epoch then return {'NOLOG'} end
local first = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
local reply = {
  'OK', epoch, n, c, tonumber(redis.call('HGET', HEAD, 'level') or 0),
  first and tonumber(string.match(first[1], '^%d+')) or n + 1,
  chain_at(tonumber(ARGV[2])) or false,
  redis.call('HEXISTS', SNAP, 'd'),
  lives(ARGV[1]) and 1 or 0,
}
for _, o in ipairs(redis.call('ZRANGE', LEASE, 0, -1)) do
  for _, value in ipairs({o, redis.call('HGET', NODE, o), oseq(o), tonumber(redis.call('HGET', POS, o) or 0)}) do
    reply[#reply + 1] = value
  end
end
return reply
