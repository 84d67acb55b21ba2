-- SPDX-License-Identifier: Apache-2.0
-- GCRA in Redis: a bucket of `burst` tokens that gets `count` more every `per` microseconds.
--
-- Kept is what has been taken and has not come back yet (the level), and when that was so. In units chosen so that all is
-- whole numbers: a token is `per` of them and `count` come back each microsecond, both divided by what divides both. So
-- nothing is ever rounded while a full bucket is less than 2^53 units; beyond, numbers are off by less than one in 10^15.
--
-- A key holds "gcra token:level:microseconds", until the bucket is full again.
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]


-- What stands there, at this moment. Another limit's tokens count as many of ours, up to all.
local function read_level(value, token, drain, burst)
  if not value then return 0 end
  local unit, level, at = value:match("^gcra (%d+):(%d+):(%d+)$")
  unit, level, at = tonumber(unit), tonumber(level), tonumber(at)
  if unit ~= token then level = math.min(math.ceil(level * token / unit), burst * token) end
  -- a clock that was set back gives nothing back, and takes nothing: the level sinks from now on
  return math.max(0, level - math.max(0, now - at) * drain), at > now
end


local function open(key, drain, token, burst)
  local value
  key, value = read_text(key, "gcra")
  local level, is_ahead = read_level(value, token, drain, burst)
  local room = burst * token - level
  local w = {}

  local function tell()
    w.room = math.floor((burst * token - level) / token)
    w.left = math.max(0, w.room)
    w.reset = math.ceil(level / drain)
  end

  local function store()
    redis.call("SET", key, ("gcra %.0f:%.0f:%.0f"):format(token, level, now), "PX",
      ("%.0f"):format(math.min(math.ceil(level / drain / 1000), 2 ^ 43)))
  end

  function w.wait(n)
    return math.ceil((n <= burst and n * token - room or burst * token) / drain)
  end

  function w.take(n)
    level = level + n * token
    store()
    tell()
  end

  if is_ahead and level > 0 then store() end
  tell()
  return w
end
