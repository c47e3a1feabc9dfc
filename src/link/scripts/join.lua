-- JOIN epoch origin n c name was archive level payload…: makes a node of the origin, and appends its
-- first inputs in the same call, so that everybody hears what is said from then on.
local o, kn, kc = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local name, was, archive, level = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
local function number(node) return tonumber(string.match(node, '|(%d+)$')) end
if lives(o) then return {'OK', n, number(redis.call('HGET', NODE, o))} end
-- What the node says again depends on what it knows that the log has.
if kn > n then return {'BEHIND'} end
if chain_at(kn) ~= kc then return {'FORKED'} end

local least = tonumber(redis.call('HGET', HEAD, 'level') or 0)
if least > level then return {'TOONEW', least} end

-- The time goes on even if the name is taken: nobody else may be there to end the node that has it.
expire(was)
local nodes = redis.call('HGETALL', NODE)
for i = 1, #nodes, 2 do
  if nodes[i] ~= was and string.match(nodes[i + 1], '^(.*)|') == name then
    save()
    return {'NAME'}
  end
end

local j = tonumber(redis.call('HGET', HEAD, 'joins') or 0) + 1
local data = string.format('{"name":%s,"j":%s,"was":%s,"archive":%s,"level":%s}',
  cjson.encode(name), f(j), lives(was) and '"' .. was .. '"' or 'null', archive, f(level))
append('j', o, '0', data)
remove(was)
for i = 9, #ARGV do append('e', o, f(i - 8), ARGV[i]) end

redis.call('HSET', HEAD, 'joins', f(j))
redis.call('HSET', NODE, o, name .. '|' .. f(j))
redis.call('HSET', HWM, o, f(#ARGV - 8))
redis.call('HSET', POS, o, f(n))
renew(o)
save()
return {'OK', n, j}
