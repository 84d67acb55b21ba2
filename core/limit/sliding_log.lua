-- SPDX-License-Identifier: Apache-2.0
-- A sliding window log in Redis: at most `count` in any `per` microseconds, whenever they begin.
--
-- A sorted set has an entry for each grant, with its time as the score. The member says how much has been granted up to and
-- with it, and how much by it: what the window holds is a difference of two members, however many there are in between.
--
-- KEYS[1]  members "sum:granted", until the last is out of the window
-- ARGV     count per - least most
-- returns  granted, or -1: not even `least`; left; microseconds until `least` would be granted, and until all is back
local key = KEYS[1]
local count, per, least, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]


-- The entry of a reply with scores; nil when there is none, or it is none of ours.
local function entry_of(reply)
  local sum, granted = (reply[1] or ""):match("^(%d+):(%d+)$")
  if sum then return { sum = tonumber(sum), granted = tonumber(granted), at = tonumber(reply[2]) } end
end


-- The newest entry that is still in the window. What is not ours goes, and so does a log of times that are still to come:
-- the clock was set back.
local function read_last()
  local reply = redis.pcall("ZRANGE", key, -1, -1, "WITHSCORES")
  local last = not reply.err and entry_of(reply)
  if last and last.at <= now + per then return last end
  if reply.err or reply[1] then redis.call("DEL", key) end
end


-- Grants are never older than the one before; so a clock that was set back a little stands still.
local last = read_last()
if last then now = math.max(now, last.at) end
local edge = ("(%.0f"):format(now - per)
local first = last and entry_of(redis.call("ZRANGEBYSCORE", key, edge, "+inf", "WITHSCORES", "LIMIT", 0, 1))
local base = first and first.sum - first.granted -- granted before the window
local used = first and last.sum - base or 0


-- When the window will have lost so much: the time of the entry that brings it, found by halves.
local function time_of(sum)
  local low = redis.call("ZCARD", key) - redis.call("ZCOUNT", key, edge, "+inf")
  local high = redis.call("ZCARD", key) - 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    local entry = entry_of(redis.call("ZRANGE", key, middle, middle, "WITHSCORES"))
    if entry.sum >= sum then high = middle else low = middle + 1 end
  end
  return entry_of(redis.call("ZRANGE", key, low, low, "WITHSCORES")).at
end


local granted = math.min(most, count - used)
local wait = 0
if granted < least then
  local lacking = least - (count - used)
  if least > count or not first then
    wait = per -- never
  elseif lacking <= first.granted then
    wait = first.at + per - now
  else
    wait = time_of(base + lacking) + per - now
  end
  granted = -1
elseif granted > 0 then
  local sum = (first and last.sum or 0) + granted
  redis.call("ZREMRANGEBYSCORE", key, "-inf", ("%.0f"):format(now - per))
  redis.call("ZADD", key, ("%.0f"):format(now), ("%016.0f:%.0f"):format(sum, granted))
  redis.call("PEXPIRE", key, ("%.0f"):format(math.ceil(per / 1000)))
  used = used + granted
else
  granted = 0 -- somebody only looks
end
local newest = granted > 0 and now or first and last.at
return { granted, math.max(0, count - used), wait, newest and newest + per - now or 0 }
