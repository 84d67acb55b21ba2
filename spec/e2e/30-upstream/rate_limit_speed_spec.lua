-- SPDX-License-Identifier: Apache-2.0
-- Four workers as fast as they can, each algorithm in the gateway's memory: what was let through never breaks the rule, and
-- nobody is refused whom it allows. When a request was judged nobody tells; but not before it was sent, nor after it was
-- answered, and what is certain of that stands on any machine, however long somebody was kept waiting for the processor.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local SECONDS, CLIENTS, AT_ONCE = 2.2, 8, 25
local N, T, BURST = 300, 0.5, 20
local TICK = 0.002 -- what is less apart may be the same moment

-- Answers with the time; the listener is the one that counts.
local ROUTES = [[get "/" { function() return 200, ("%.6f"):format(time()) end }]]


-- Everybody asks for everything, for so long: { sent, came, told } of those that passed, { sent, came } of the first refusal of
-- each batch, and how many were refused.
local function rush(g)
  local passed, refusals, refused, tasks, till = {}, {}, 0, {}, gate.now() + SECONDS
  for i = 1, CLIENTS do
    tasks[i] = gate.go("client " .. i, function()
      local c = gate.client(g)
      while gate.now() < till do
        local sent, first = gate.now(), nil
        c:send(gate.http.request("GET", "/"):rep(AT_ONCE))
        for _ = 1, AT_ONCE do
          local r = c:read()
          if r.status == 200 then
            passed[#passed + 1] = { sent = sent, came = gate.now(), told = tonumber(r.body) }
          else
            assert.equal(429, r.status)
            refused, first = refused + 1, first or gate.now()
          end
        end
        if first then refusals[#refusals + 1] = { sent = sent, came = first } end
      end
    end)
  end
  for _, task in ipairs(tasks) do task:join(60) end
  return passed, refusals, refused
end


-- How many of a sorted list are below x, or not above it.
local function count(list, x, or_equal)
  local low, high = 1, #list + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if list[middle] < x or (or_equal and list[middle] == x) then low = middle + 1 else high = middle end
  end
  return low - 1
end


-- The same by the gateway's clock. Those that passed were judged from `sent` to `told`, one list each; those that were refused
-- from `from` to `to`.
local function by_its_clock(passed, refusals)
  local least, most = -math.huge, math.huge -- that it is ahead of ours
  for _, p in ipairs(passed) do
    least, most = math.max(least, p.told - p.came), math.min(most, p.told - p.sent)
  end
  local sent, told, asked = {}, {}, {}
  for i, p in ipairs(passed) do sent[i], told[i] = p.sent + least, p.told end
  for i, r in ipairs(refusals) do asked[i] = { from = r.sent + least, to = r.came + most } end
  table.sort(sent)
  table.sort(told)
  return { sent = sent, told = told, refusals = asked }
end


-- Of those that passed: how many at least from `a` to `b`, and how many at most.
local function surely(w, a, b)
  return math.max(0, #w.sent - count(w.sent, a) - (#w.told - count(w.told, b, true)))
end

local function perhaps(w, a, b)
  return math.max(0, #w.told - count(w.told, a) - (#w.sent - count(w.sent, b, true)))
end


-- At most so many within T.
local function assert_few(w, most)
  for i, a in ipairs(w.sent) do
    if a ~= w.sent[i - 1] then
      local n = surely(w, a, a + T - TICK)
      assert.is_true(n <= most, n .. " within the window")
    end
  end
end


-- In any time t at most `burst` + N * t / T.
local function assert_bucket(w, burst)
  for i, a in ipairs(w.sent) do
    if a ~= w.sent[i - 1] then
      for k = count(w.told, a) + 1, #w.told do
        local b = w.told[k]
        local n = surely(w, a, b)
        assert.is_true(n <= burst + (b - a + TICK) * N / T + 1, ("%d in %.4f s"):format(n, b - a))
      end
    end
  end
end


-- Nobody was refused while there was room, whenever those that passed were judged: as late as they may have been, and he early.
local function assert_full(w, level)
  for _, r in ipairs(w.refusals) do
    local most, room = level(w, r)
    assert.is_true(most > room, ("one was refused beside %.1f at most, of %d"):format(most, room))
  end
end


local function in_window(w, r)
  return perhaps(w, r.from - T - TICK, r.to), N - 1
end


local function in_bucket(w, r)
  if not w.levels then
    local level, last = 0, w.told[1]
    w.levels = {}
    for i, at in ipairs(w.told) do
      level, last = math.max(0, level - (at - last) * N / T) + 1, at
      w.levels[i] = level
    end
  end
  local k = count(w.told, r.from)
  local level = k > 0 and math.max(0, w.levels[k] - (r.from - w.told[k] - TICK) * N / T) or 0
  return level + perhaps(w, r.from, r.to), BURST - 1.01
end


-- The share of the window before counts by how much of it is still within T.
local function fits(w, border, step)
  for _, r in ipairs(w.refusals) do
    local into = (r.from - border) % T
    local begun = r.from - into
    local before = perhaps(w, begun - T - step, r.to - into)
    local most = perhaps(w, begun - step, r.to) + before * (1 - into / T)
    if most <= 0.999 * N - 1 and into + r.to - r.from < T then return false end
  end
  return true
end


-- The windows lie the same for all, and somewhere so that nobody was refused while there was room.
local function assert_windows_full(w)
  local steps = 20000
  for i = 0, steps - 1 do
    if fits(w, i * T / steps, T / steps) then return end
  end
  error("wherever the windows lie, somebody was refused while there was room")
end


local rules = {
  gcra = function(w) assert_bucket(w, BURST) assert_full(w, in_bucket) end,
  sliding_window = function(w) assert_bucket(w, N) assert_windows_full(w) end,
  sliding_log = function(w) assert_few(w, N) assert_full(w, in_window) end,
  fixed_window = function(w) assert_few(w, 2 * N) assert_full(w, in_window) end,
}


describe("rateLimit at full speed, with four workers,", function()
  after_each(gate.cleanup)

  for algorithm, judge in pairs(rules) do
    it("keeps to " .. algorithm .. " and lets through what it allows", function()
      local g = gate.start {
        workers = 4, routes = ROUTES,
        rateLimit = { limit = N, window = T * 1000 .. "ms", burstSize = algorithm == "gcra" and BURST or nil,
          algorithm = algorithm },
      }
      local passed, refusals, refused = rush(g)
      assert.is_true(refused > N, "there was not enough to refuse")
      judge(by_its_clock(passed, refusals))
      if os.getenv("TABLE") then
        io.stderr:write(("%s: %d passed, %d refused, %d batches\n"):format(algorithm, #passed, refused, #refusals))
      end
    end)
  end
end)
