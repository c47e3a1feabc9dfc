-- SALVAGE epoch (origin oseq payload)…: appends inputs of living nodes that the log has lost.
local before = n
for i = 2, #ARGV, 3 do
  local o, s = ARGV[i], tonumber(ARGV[i + 1])
  if lives(o) and s == oseq(o) + 1 then
    append('e', o, f(s), ARGV[i + 2])
    redis.call('HSET', HWM, o, f(s))
  end
end
if n > before then save() end
return {'OK', n - before}
