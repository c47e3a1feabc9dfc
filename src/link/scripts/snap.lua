-- SNAP epoch level n c data: keeps a snapshot unless there is a newer one, and trims the log to what
-- the snapshot and the nodes still need. From then on nodes that do not know the level are kept out.
-- How many entries stay for a node that has to look back.
local KEPT = 20000
-- A node that is further behind takes the snapshot.
local MOST_BEHIND = 200000

local level, kn, kc = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if kn > n then return {'BEHIND'} end
if (chain_at(kn) or kc) ~= kc then return {'FORKED'} end
if kn <= tonumber(redis.call('HGET', SNAP, 'n') or -1) then return {'OK'} end

redis.call('HSET', SNAP, 'n', f(kn), 'c', kc, 'd', ARGV[5])
local before = tonumber(redis.call('HGET', HEAD, 'level') or 0)
redis.call('HSET', HEAD, 'level', f(math.max(before, level)))
local needed = kn
for _, value in ipairs(redis.call('HVALS', POS)) do
  local pos = tonumber(value)
  if pos >= n - MOST_BEHIND then needed = math.min(needed, pos) end
end
if needed > KEPT then redis.call('XTRIM', LOG, 'MINID', f(needed - KEPT) .. '-0') end
return {'OK'}
