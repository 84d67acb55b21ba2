-- SPDX-License-Identifier: Apache-2.0
-- A sliding window counter in Redis: two counters stand for a log. Of what the window before this one has granted, the share
-- counts that lies within the last `per` microseconds, as if it had been granted evenly.
--
-- Windows begin at multiples of `per`. All is whole numbers while count * per is less than 2^53.
--
-- KEYS[1]  "window per:number:before:now", until both are over
-- ARGV     count per - least most
-- returns  granted, or -1: not even `least`; left; microseconds until `least` would be granted, and until all is back
local key, span = KEYS[1], ARGV[2]
local count, per, least, most = tonumber(ARGV[1]), tonumber(span), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local number = math.floor(now / per)


-- What the window before has granted, and this one. Whatever is not ours, we begin anew.
local function read()
  local value = redis.pcall("GET", key)
  if not value then return 0, 0 end
  if type(value) == "table" then
    redis.call("DEL", key) -- a list, a set: not a string
    return 0, 0
  end
  local was, then_number, before, current = value:match("^window (%d+):(%d+):(%d+):(%d+)$")
  if not was then return 0, 0 end
  then_number, before, current = tonumber(then_number), tonumber(before), tonumber(current)
  if was ~= span then return 0, before + current end -- another limit has granted it: nothing is forgiven
  if number == then_number + 1 then return current, 0 end
  if number == then_number then return before, current end
  if number == then_number - 1 then -- the clock was set back a little: it stands still
    number, now = then_number, then_number * per
    return before, current
  end
  return 0, 0
end


local before, current = read()
local into = now - number * per
local function room() return count * per - before * (per - into) - current * per end


-- How far into a window `before` has faded enough that `left` more fit beside it.
local function fades(left, faded)
  return faded > 0 and math.max(0, per - math.floor(left * per / faded)) or 0
end


local granted = math.min(most, math.floor(room() / per))
local wait = 0
if granted < least then
  if least > count then
    wait = 2 * per - into -- never
  elseif current + least <= count then
    wait = fades(count - current - least, before) - into
  else
    wait = per - into + fades(count - least, current)
  end
  granted = -1
elseif granted > 0 then
  current = current + granted
  redis.call("SET", key, ("window %s:%.0f:%.0f:%.0f"):format(span, number, before, current), "PX",
    ("%.0f"):format(math.ceil((2 * per - into) / 1000)))
else
  granted = 0 -- somebody only looks
end
local reset = current > 0 and 2 * per - into or before > 0 and per - into or 0
return { granted, math.max(0, math.floor(room() / per)), wait, reset }
