-- SPDX-License-Identifier: Apache-2.0
-- A sliding window log in Redis: at most `count` in any `per` microseconds, whenever they begin.
--
-- A sorted set has an entry for each grant, with its time as the score. The member says how much has been granted up to and
-- with it, and how much by it: what the window holds is a difference of two members, however many there are in between.
--
-- A key holds members "sum:granted", until the last is out of the window.
local time = redis.call("TIME")
local clock = time[1] * 1000000 + time[2]


-- The entry of a reply with scores; nil when there is none, or it is none of ours.
local function entry_of(reply)
  local sum, granted = (reply[1] or ""):match("^(%d+):(%d+)$")
  if sum then return { sum = tonumber(sum), granted = tonumber(granted), at = tonumber(reply[2]) } end
end


-- The newest entry. What is not ours goes, and so does a log of times that are still to come: the clock was set back.
local function read_last(key, per)
  local reply = redis.pcall("ZRANGE", key, -1, -1, "WITHSCORES")
  local last = not reply.err and entry_of(reply)
  if last and last.at <= clock + per then return last end
  if reply.err or reply[1] then redis.call("DEL", key) end
end


local function open(key, count, per)
  key = log_key(key)
  local last = read_last(key, per)
  -- Grants are never older than the one before; so a clock that was set back a little stands still.
  local now = last and math.max(clock, last.at) or clock
  local edge = ("(%.0f"):format(now - per)
  local first = last and entry_of(redis.call("ZRANGEBYSCORE", key, edge, "+inf", "WITHSCORES", "LIMIT", 0, 1))
  local base = first and first.sum - first.granted -- granted before the window
  local used = first and last.sum - base or 0
  local w = { room = count - used, left = math.max(0, count - used), reset = first and last.at + per - clock or 0 }

  -- When the window will have lost so much: the time of the entry that brings it, found by halves.
  local function time_of(sum)
    local all = redis.call("ZCARD", key)
    local low, high = all - redis.call("ZCOUNT", key, edge, "+inf"), all - 1
    while low < high do
      local middle = math.floor((low + high) / 2)
      local entry = entry_of(redis.call("ZRANGE", key, middle, middle, "WITHSCORES"))
      if entry.sum >= sum then high = middle else low = middle + 1 end
    end
    return entry_of(redis.call("ZRANGE", key, low, low, "WITHSCORES")).at
  end

  function w.wait(n)
    if n > count or not first then return per end -- never
    local lacking = n - w.room
    if lacking <= first.granted then return first.at + per - clock end
    return time_of(base + lacking) + per - clock
  end

  function w.take(n)
    redis.call("ZREMRANGEBYSCORE", key, "-inf", ("%.0f"):format(now - per))
    redis.call("ZADD", key, ("%.0f"):format(now), ("%016.0f:%.0f"):format((first and last.sum or 0) + n, n))
    redis.call("PEXPIRE", key, ("%.0f"):format(math.ceil(per / 1000)))
    w.left = math.max(0, w.left - n)
    w.reset = per
  end

  return w
end
