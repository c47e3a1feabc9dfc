-- FOUND epoch-seen n-seen epoch n c up level joins nodes (origin name|j oseq)… snapshot
-- (n k o s u t c d)…: the log becomes what the founder has, if it is still the one that was seen.
-- The founder's last entries keep their ids, so that a node that is a little behind just reads on.
if epoch == ARGV[3] then return {'OK'} end
if (epoch or '') ~= ARGV[1] or (epoch and n ~= tonumber(ARGV[2])) then return {'OTHER'} end
n, c, up = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local snapshot = 10 + 3 * tonumber(ARGV[9])
local count = (#ARGV - snapshot) / 8
for i = 1, count do
  if tonumber(ARGV[snapshot + 8 * i - 7]) ~= n - count + i then
    return redis.error_reply('ERR the entries have to end where the founder is, without gaps')
  end
end

-- c0 is the chain before the first entry, which tells logs apart that begin there.
redis.call('HSET', HEAD, 'epoch', ARGV[3], 'level', ARGV[7], 'joins', ARGV[8],
  'c0', n == 0 and c or '')
save()
-- Removes the other keys: nothing of the empty range is left in its place. DEL would be one more
-- right that the node needs.
for _, key in ipairs({LOG, SNAP, NODE, HWM, POS, LEASE}) do
  redis.call('ZRANGESTORE', key, LEASE, 1, 0)
end
redis.call('HSET', SNAP, 'n', f(n), 'c', c, 'd', ARGV[snapshot])
for i = 10, snapshot - 1, 3 do
  local o = ARGV[i]
  redis.call('HSET', NODE, o, ARGV[i + 1])
  redis.call('HSET', HWM, o, ARGV[i + 2])
  redis.call('HSET', POS, o, f(n))
  renew(o)
end
for i = snapshot + 1, #ARGV, 8 do
  redis.call('XADD', LOG, ARGV[i] .. '-0', 'k', ARGV[i + 1], 'o', ARGV[i + 2], 's', ARGV[i + 3],
    'u', ARGV[i + 4], 't', ARGV[i + 5], 'c', ARGV[i + 6], 'd', ARGV[i + 7])
end
return {'OK'}
