-- LEAVE epoch origin: the node is gone for good.
local o = ARGV[2]
if lives(o) then
  append('g', o, '0', 'down')
  remove(o)
  save()
end
return {'OK'}
