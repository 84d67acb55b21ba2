-- SPDX-License-Identifier: Apache-2.0
-- The part of the scripts that is the same for all algorithms. It is put behind the file of one, which defines `open`.
--
-- A window has: room, what could be had of it now; left and reset, what clients are told, after take() too; wait(n),
-- microseconds until so many could be had; take(n), whether they are there or not.
--
-- KEYS     one for each window
-- ARGV     least most, then count per burst for each window
--          least: fewer are refused; -1: takes `most` in any case. most 0: only looks whether `least` are there.
-- returns  granted, or -1: not even `least`. Then of the window that is the tightest: left; microseconds until `least`
--          would be granted, and until all is back; which it is
local least, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local windows, room = {}, math.huge

for i, key in ipairs(KEYS) do
  windows[i] = open(key, tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2]))
  room = math.min(room, windows[i].room)
end
local is_refused = least >= 0 and room < least
local granted = least < 0 and most or math.min(most, room)
local tight, waits, which = nil, -1, 0

for i, w in ipairs(windows) do
  if is_refused then
    local wait = w.room < least and w.wait(least) or 0
    if wait > waits then tight, waits, which = w, wait, i end
  else
    if granted > 0 then w.take(granted) end
    if not tight or w.left < tight.left then tight, waits, which = w, 0, i end
  end
end

local FAR = 2 ^ 53
granted = is_refused and -1 or math.max(0, granted)
return { granted, tight.left, math.min(waits, FAR), math.min(tight.reset, FAR), which }
