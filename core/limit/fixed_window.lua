-- SPDX-License-Identifier: Apache-2.0
-- A fixed window in Redis: a counter that expires. The window begins with the first that is granted.
--
-- KEYS[1]  a whole number, as INCRBY keeps it; its time to live is what is left of the window, in milliseconds
-- ARGV     count per - least most
-- returns  granted, or -1: not even `least`; left; microseconds until `least` would be granted, and until all is back
local key = KEYS[1]
local count, least, most = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5])
-- Redis keeps a key up to and with the millisecond of its end; so no window is shorter than two.
local span = math.max(1, math.ceil(tonumber(ARGV[2]) / 1000) - 1)


-- What this window has granted, and the milliseconds that are left of it. Whatever is not ours, we begin anew; a key that
-- somebody has made immortal, or that is of a longer window, ends with a window from now.
local function read()
  local value = redis.pcall("GET", key)
  if not value then return 0, 0 end
  if type(value) == "table" or #value > 15 or not value:match("^%d+$") then
    redis.call("DEL", key)
    return 0, 0
  end
  local left = redis.call("PTTL", key)
  if left < 0 or left > span then
    redis.call("PEXPIRE", key, span)
    left = span
  end
  return tonumber(value), left + 1
end


local used, left = read()
local granted = math.min(most, count - used)
local wait = 0
if granted < least then
  wait = left > 0 and left or span + 1
  granted = -1
elseif granted > 0 then
  if left == 0 then
    redis.call("SET", key, granted, "PX", span)
    left = span + 1
  else
    redis.call("INCRBY", key, granted)
  end
  used = used + granted
else
  granted = 0 -- somebody only looks
end
return { granted, math.max(0, count - used), wait * 1000, left * 1000 }
