-- Begins every script: the keys, the time of the cluster, and how an entry is appended.
-- The first write of a script must be an XADD or HSET: Redis refuses these when its memory is full,
-- and only the first. Numbers are below 2^53.
local HEAD, LOG, SNAP, LEASE, NODE, HWM, POS = unpack(KEYS)

-- How long a node lives after its last PUT, in ms of uptime.
local LEASE_TIME = 6000
-- The most that the uptime grows from one script to the next, in ms.
local MAX_STEP = 2000

-- A number as decimal digits, never as 1e+15.
local function f(x) return string.format('%.0f', x) end

local T = redis.call('TIME')
local now = T[1] * 1000 + math.floor(T[2] / 1000)
local h = redis.call('HMGET', HEAD, 'epoch', 'n', 'up', 'last', 'c')
local epoch, n, up, c = h[1], tonumber(h[2] or 0), tonumber(h[3] or 0), h[5] or ''
up = up + math.min(math.max(now - tonumber(h[4] or now), 0), MAX_STEP)

local u, t = f(up), f(now)
local function append(k, o, s, p)
  c = redis.sha1hex(table.concat({c, k, o, s, u, t, p}, '|'))
  n = n + 1
  redis.call('XADD', LOG, f(n) .. '-0', 'k', k, 'o', o, 's', s, 'u', u, 't', t, 'c', c, 'd', p)
end

-- Keeps what append() changed, and the time.
local function save()
  redis.call('HSET', HEAD, 'n', f(n), 'c', c, 'up', f(up), 'last', f(now))
end

-- One field of the entry with this id, or of the last one below it; nil if there is none.
local function field(id, name)
  local found = redis.call('XREVRANGE', LOG, id, '-', 'COUNT', 1)[1]
  if not found or (id ~= '+' and found[1] ~= id) then return nil end
  for i = 1, #found[2], 2 do
    if found[2][i] == name then return found[2][i + 1] end
  end
end

-- The chain behind the first k entries, if it is known.
local function chain_at(k)
  if k == n then return c end
  if k == 0 then return redis.call('HGET', HEAD, 'c0') or '' end
  return field(f(k) .. '-0', 'c')
end

local function oseq(o) return tonumber(redis.call('HGET', HWM, o) or 0) end

local function lives(o) return redis.call('ZSCORE', LEASE, o) end

local function renew(o) redis.call('ZADD', LEASE, f(up + LEASE_TIME), o) end

local function remove(o)
  redis.call('ZREM', LEASE, o)
  for _, key in ipairs({NODE, HWM, POS}) do redis.call('HDEL', key, o) end
end

-- Ends all nodes whose lease has expired, except for one.
local function expire(except)
  for _, o in ipairs(redis.call('ZRANGEBYSCORE', LEASE, '-inf', '(' .. f(up))) do
    if o ~= except then
      append('g', o, '0', 'lost')
      remove(o)
    end
  end
end
