-- SPDX-License-Identifier: Apache-2.0
-- Four workers as fast as they can, each algorithm in the gateway's memory: the moments at which requests were let through never
-- break the rule, and are all that it allows.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local SECONDS, CLIENTS, AT_ONCE = 2.2, 8, 50
-- A bucket that does not run over while those who ask are not let run for a while: what runs over is lost.
local N, T, BURST = 300, 0.5, 200

-- A request is let through at the begin of a turn of its worker and tells the time later in that turn.
local SLACK = 0.02 * gate.slow

-- Answers with the time; the listener is the one that counts.
local ROUTES = [[get "/" { function() return 200, ("%.6f"):format(time()) end }]]


-- Everybody asks for everything, for so long: the times that passed, sorted, and how many were refused.
local function rush(g)
  local at, refused, tasks, till = {}, 0, {}, gate.now() + SECONDS
  for i = 1, CLIENTS do
    tasks[i] = gate.go("client " .. i, function()
      local c = gate.client(g)
      while gate.now() < till do
        c:send(gate.http.request("GET", "/"):rep(AT_ONCE))
        for _ = 1, AT_ONCE do
          local r = c:read()
          if r.status == 200 then
            at[#at + 1] = tonumber(r.body)
          else
            assert.equal(429, r.status)
            refused = refused + 1
          end
        end
      end
    end)
  end
  for _, task in ipairs(tasks) do task:join(60) end
  table.sort(at)
  return at, refused
end


-- Of any `n` and the next one, the last comes so much later than the first.
local function assert_apart(at, n, seconds)
  for i = n + 1, #at do
    local apart = at[i] - at[i - n]
    assert.is_true(apart >= seconds - SLACK, ("%d within %.4f s"):format(n + 1, apart))
  end
end


-- In any time t at most `burst` + N * t / T.
local function assert_bucket(at, burst)
  local owed = 0
  for i = 1, #at do
    owed = math.max(0, owed - (i > 1 and (at[i] - at[i - 1]) * N / T or 0)) + 1
    assert.is_true(owed <= burst + SLACK * N / T + 1, ("%.1f owed at the %dth"):format(owed, i))
  end
end


local rules = {
  gcra = function(at) assert_bucket(at, BURST) end,
  sliding_window = function(at) assert_bucket(at, N) end,
  sliding_log = function(at) assert_apart(at, N, T) end,
  fixed_window = function(at) assert_apart(at, 2 * N, T) end,
}

-- What passes in so many windows when somebody asks all the time; of those that let one through now and then, as many may still
-- lie there unasked as come in a turn.
local function allowed(algorithm, windows)
  if algorithm == "gcra" then return BURST + windows * N - SLACK * N / T end
  return windows * N - (algorithm == "sliding_window" and SLACK * N / T or 0)
end


local function count_before(at, moment)
  local n = 0
  while at[n + 1] and at[n + 1] < moment do n = n + 1 end
  return n
end


describe("rateLimit at full speed, with four workers,", function()
  after_each(gate.cleanup)

  for algorithm, judge in pairs(rules) do
    it("keeps to " .. algorithm .. " and lets through what it allows", function()
      local g = gate.start {
        workers = 4, routes = ROUTES,
        rateLimit = { limit = N, window = T * 1000 .. "ms", burstSize = algorithm == "gcra" and BURST or nil,
          algorithm = algorithm },
      }
      local at, refused = rush(g)
      assert.is_true(refused > #at, "there was not enough to refuse")
      judge(at)
      local windows = math.floor((at[#at] - at[1]) / T)
      local expected, passed = 0.999 * allowed(algorithm, windows), count_before(at, at[1] + windows * T)
      assert.is_true(windows >= 3)
      assert.is_true(passed >= expected, ("%d of %d in %d windows"):format(passed, expected, windows))
    end)
  end
end)
