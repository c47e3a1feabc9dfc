-- PUT epoch origin n c due (oseq payload)…: appends the inputs that the log does not have yet, and
-- renews the lease. Without inputs, and once the uptime is due, it appends the time: one entry for
-- all nodes.
local o, kn, kc, due = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
if not lives(o) then return {'FENCED'} end
if kn > n then return {'BEHIND'} end
if kn == n and kc ~= c then return {'FORKED'} end

local before, w = n, oseq(o)
for i = 6, #ARGV, 2 do
  local s = tonumber(ARGV[i])
  if s > w then
    if s > w + 1 then break end
    append('e', o, f(s), ARGV[i + 1])
    w = s
  end
end
if n == before and due > 0 and up >= due and tonumber(field('+', 'u') or 0) < due then
  append('t', '-', '0', '')
end

redis.call('HSET', HWM, o, f(w))
redis.call('HSET', POS, o, f(kn))
renew(o)
expire()
save()
return {'OK', n, w, up}
