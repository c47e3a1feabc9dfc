-- Only if the log is the one that is meant.
if not epoch then return {'NOLOG'} end
if epoch ~= ARGV[1] then return {'EPOCH'} end
