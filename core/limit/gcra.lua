-- SPDX-License-Identifier: Apache-2.0
-- GCRA in Redis: a bucket of `burst` tokens that gets `count` more every `per` microseconds.
--
-- Kept is what has been taken and has not come back yet (the level), and when that was so. In units chosen so that all is
-- whole numbers: a token is `per` of them and `count` come back each microsecond, both divided by what divides both. So
-- nothing is ever rounded while a full bucket is less than 2^53 units; beyond, numbers are off by less than one in 10^15.
--
-- KEYS[1]  "gcra token:level:microseconds", until the bucket is full again
-- ARGV     count per burst least most, the first two divided
-- returns  granted, or -1: not even `least`; left; microseconds until `least` would be granted, and until all is back
local key, per = KEYS[1], ARGV[2]
local drain, token, burst, least, most =
  tonumber(ARGV[1]), tonumber(per), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local FAR = 2 ^ 53


-- What stands there, at this moment. Another limit's tokens count as many of ours; whatever else it is, we begin anew.
local function read_level()
  local value = redis.pcall("GET", key)
  if not value then return 0 end
  if type(value) == "table" then
    redis.call("DEL", key) -- a list, a set: not a string
    return 0
  end
  local unit, level, at = value:match("^gcra (%d+):(%d+):(%d+)$")
  if not unit then return 0 end
  level, at = tonumber(level), tonumber(at)
  if unit ~= per then level = math.ceil(level * token / tonumber(unit)) end
  -- a clock that was set back gives nothing back, and takes nothing: the level sinks from now on
  return math.max(0, level - math.max(0, now - at) * drain), at > now
end


local function store(level)
  if level > 0 then
    redis.call("SET", key, ("gcra %s:%.0f:%.0f"):format(per, level, now), "PX",
      ("%.0f"):format(math.min(math.ceil(level / drain / 1000), FAR / 1000)))
  end
end


local level, is_ahead = read_level()
local room = burst * token - level
local granted = math.min(most, math.floor(room / token))
local wait = 0
if granted < least then
  if is_ahead then store(level) end
  wait = math.ceil((least <= burst and least * token - room or burst * token) / drain)
  granted = -1
elseif granted > 0 then
  level = level + granted * token
  store(level)
else
  granted = 0 -- somebody only looks
end
return {
  granted,
  math.max(0, math.floor((burst * token - level) / token)),
  math.min(wait, FAR),
  math.min(math.ceil(level / drain), FAR),
}
