-- SPDX-License-Identifier: Apache-2.0
-- A sliding window counter in Redis: two counters stand for a log. Of what the window before this one has granted, the share
-- counts that lies within the last `per` microseconds, as if it had been granted evenly.
--
-- Windows begin at multiples of `per`. All is whole numbers while count * per is less than 2^53; beyond, that share is off
-- by less than one in 10^15, and what a window has granted itself is still exact.
--
-- A key holds "window per:number:before:now", until both are over.
local time = redis.call("TIME")
local clock = time[1] * 1000000 + time[2]


-- The number of this window, and what the one before has granted, and this one; and whether another limit has granted it.
local function read(value, per)
  local number = math.floor(clock / per)
  if not value then return number, 0, 0 end
  local span, was, before, current = value:match("^window (%d+):(%d+):(%d+):(%d+)$")
  span, was, before, current = tonumber(span), tonumber(was), tonumber(before), tonumber(current)
  local age = math.floor(clock / span) - was
  if age ~= 0 and age ~= 1 and age ~= -1 then return number, 0, 0 end -- -1: the clock was set back a little
  if span ~= per then return number, 0, before + current, true end -- nothing is forgiven
  if age == 1 then return number, current, 0 end
  return was, before, current
end


local function open(key, count, per)
  local value
  key, value = read_text(key, "sliding_window")
  local number, before, current, is_other = read(value, per)
  local at = clock - number * per -- less than 0 when the clock was set back: until then this window stands still
  local into = math.max(0, at)
  local w = {}

  -- How far into a window `faded` counts for so little that `left` more fit beside it.
  local function fades(left, faded)
    return faded > 0 and math.max(0, per - math.floor(left * per / faded)) or 0
  end

  local function tell()
    w.room = count - current - math.ceil(before * (per - into) / per)
    w.left = math.max(0, w.room)
    w.reset = current > 0 and 2 * per - at or before > 0 and per - at or 0
  end

  function w.wait(n)
    if n > count then return 2 * per - at end -- never
    if current + n <= count then return math.max(1, fades(count - current - n, before) - at) end
    return per - at + fades(count - n, current)
  end

  local function store()
    redis.call("SET", key, ("window %.0f:%.0f:%.0f:%.0f"):format(per, number, before, current), "PX",
      ("%.0f"):format(math.ceil((2 * per - at) / 1000)))
  end

  function w.take(n)
    current = current + n
    store()
    tell()
  end

  if is_other then store() end -- it fades as ours from now on, and not when that one is over
  tell()
  return w
end
