-- SPDX-License-Identifier: Apache-2.0
-- A fixed window in Redis: a counter that expires. The window begins with the first that is granted.
--
-- A key holds a whole number, as INCRBY keeps it; its time to live is what is left of the window, in milliseconds.


-- What this window has granted, and the milliseconds that are left of it. A key that somebody has made immortal, or that is of
-- a longer window, ends with a window from now.
local function read(key, value, span)
  if not value then return 0, 0 end
  local left = redis.call("PTTL", key)
  if left < 0 or left > span then
    redis.call("PEXPIRE", key, span)
    left = span
  end
  return tonumber(value), left + 1
end


local function open(key, count, per)
  -- Redis keeps a key up to and with the millisecond of its end; so no window is shorter than two.
  local span = math.max(1, math.ceil(per / 1000) - 1)
  local value
  key, value = read_text(key, "fixed_window")
  local used, left = read(key, value, span)
  local w = { room = count - used, left = math.max(0, count - used), reset = left * 1000 }

  function w.wait()
    return (left > 0 and left or span + 1) * 1000
  end

  function w.take(n)
    if left == 0 then
      redis.call("SET", key, n, "PX", span)
      w.reset = (span + 1) * 1000
    else
      redis.call("INCRBY", key, n)
    end
    w.left = math.max(0, w.left - n)
  end

  return w
end
