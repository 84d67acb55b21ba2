-- SPDX-License-Identifier: Apache-2.0
-- plugins/rate-limit.lua: ways to count, several windows, what clients are told.

local gate = require "lunette.spec"

local ALGORITHMS = { "gcra", "sliding_window", "sliding_log", "fixed_window" }

describe("rate-limit", function()
  before_each(gate.reset)

  local function open(settings) return gate.plugin("rate-limit", settings) end
  local function hit(p, options) return gate.request(p, options or { ip = "10.0.0.1" }) end

  for _, algorithm in ipairs(ALGORITHMS) do
    -- The promise of Retry-After: so long later the request passes, a second earlier it does not.
    it("tells a wait that is right to the second: " .. algorithm, function()
      math.randomseed(7)
      for round = 1, 60 do
        gate.reset()
        local settings = { algorithm = algorithm, rate = ("%d/%ds"):format(math.random(9), math.random(90)) }
        if algorithm == "gcra" then settings.burst = math.random(5) end
        local p = open(settings)
        gate.clock:advance(math.random() * 100)
        local out
        repeat
          out = hit(p)
          if not out.status then gate.clock:advance(math.random() * 0.9) end
        until out.status
        local wait = tonumber(out.headers["Retry-After"])
        if wait > 1 then
          gate.clock:advance(wait - 1)
          assert.equal(429, hit(p).status, ("round %d: %s"):format(round, settings.rate))
          gate.clock:advance(1)
        else
          gate.clock:advance(wait)
        end
        assert.is_nil(hit(p).status, ("round %d: %s"):format(round, settings.rate))
      end
    end)

    it("lets through what it says at once: " .. algorithm, function()
      local p = open { algorithm = algorithm, rate = "3/m", burst = algorithm == "gcra" and 3 or nil }
      for left = 2, 0, -1 do
        local out = gate.response(p, { ip = "10.0.0.1" }, { status = 200 })
        assert.equal("3", out.headers["RateLimit-Limit"])
        assert.equal(tostring(left), out.headers["RateLimit-Remaining"])
      end
      assert.equal(429, hit(p).status)
      gate.clock:advance(120)
      assert.is_nil(hit(p).status)
    end)
  end

  it("wants all of several windows, and counts nothing when one refuses", function()
    local p = open { limits = { "2/s", "5/m" }, algorithm = "fixed_window" }
    local passed = 0
    for _ = 1, 10 do passed = passed + (hit(p).status and 0 or 1) end
    assert.equal(2, passed)
    gate.clock:advance(1)
    for _ = 1, 10 do passed = passed + (hit(p).status and 0 or 1) end
    assert.equal(4, passed)
    gate.clock:advance(1)
    for _ = 1, 10 do passed = passed + (hit(p).status and 0 or 1) end
    assert.equal(5, passed)
    assert.equal("58", hit(p).headers["Retry-After"])
  end)

  it("tells of the tightest window", function()
    local p = open { limits = { "2/s", "3/m" }, algorithm = "fixed_window" }
    local function told()
      local h = gate.response(p, { ip = "10.0.0.1" }, { status = 200 }).headers
      return ("%s %s %s"):format(h["RateLimit-Limit"], h["RateLimit-Remaining"], h["RateLimit-Reset"])
    end
    assert.equal("2 1 1", told())
    assert.equal("2 0 1", told())
    gate.clock:advance(1)
    assert.equal("3 0 59", told())
  end)

  it("tells the second at which all is back, though moments and rates were rounded", function()
    gate.clock:advance(0.000000001)
    local h = gate.response(open { rate = "1/10s", algorithm = "sliding_log" }, {}, { status = 200 }).headers
    assert.equal("10", h["RateLimit-Reset"])
    h = gate.response(open { rate = "3/10s", burst = 3, cost = 3 }, {}, { status = 200 }).headers
    assert.equal("10", h["RateLimit-Reset"])
  end)

  it("lets each window's count pass at once with gcra", function()
    local p = open { limits = { "4/s", "6/m" } }
    local passed = 0
    for _ = 1, 10 do passed = passed + (hit(p).status and 0 or 1) end
    assert.equal(4, passed)
  end)

  it("can tell in the words of the newer drafts", function()
    local p = open { limits = { "2/s", "3/m" }, algorithm = "fixed_window", style = "draft" }
    local h = gate.response(p, { ip = "10.0.0.1" }, { status = 200 }).headers
    assert.equal('"2/1s";r=1;t=1', h["RateLimit"])
    assert.equal('"2/1s";q=2;w=1, "3/60s";q=3;w=60', h["RateLimit-Policy"])
    assert.is_nil(h["RateLimit-Limit"])
  end)

  it("can tell both ways, or nothing", function()
    local h = gate.response(open { rate = "2/s", style = "both" }, {}, { status = 200 }).headers
    assert.equal("10", h["RateLimit-Limit"])
    assert.equal('"2/1s";r=9;t=1', h["RateLimit"])
    h = gate.response(open { rate = "2/s", style = "both", headers = false }, {}, { status = 200 }).headers
    assert.is_nil(h["RateLimit-Limit"])
    assert.is_nil(h["RateLimit"])
  end)

  it("counts ways apart that differ in nothing else", function()
    local a, b = open { rate = "1/m", algorithm = "fixed_window" }, open { rate = "1/m", algorithm = "sliding_log" }
    hit(a)
    assert.equal(429, hit(a).status)
    assert.is_nil(hit(b).status)
  end)

  it("can run dry: it counts and tells, and refuses nothing", function()
    local p = open { rate = "1/m", burst = 1, dry_run = true }
    local function told()
      return gate.response(p, { ip = "10.0.0.1" }, { status = 200 }).headers["X-RateLimit-Dry-Run"]
    end
    assert.is_nil(told())
    assert.equal("refused", told())
    assert.is_nil(hit(p).status)
    local line = gate.logged()[1]
    assert.equal("a request over the rate was let through: dry run", line.text)
    assert.equal(2, gate.metrics('rate_limit_refused_total{route="spec",result="dry_run"}'))
  end)

  it("answers with a content and headers of yours", function()
    local p = open { rate = "1/h", burst = 1, body = "slow down\n",
      answer_headers = { ["Content-Type"] = "text/plain" } }
    hit(p)
    local out = hit(p)
    assert.equal("slow down\n", out.body)
    assert.equal("text/plain", out.headers["Content-Type"])
    assert.is_string(out.headers["Retry-After"])
    p = open { rate = "1/h", burst = 1, zone = "json", body = { message = "later" }, status = 420 }
    hit(p)
    assert.same({ message = "later" }, hit(p):json())
    assert.equal(420, hit(p).status)
  end)

  for name, case in pairs {
    ["both"] = { { rate = "1/s", limits = { "1/s" } }, "limits: expected rate or limits, not both" },
    ["a burst of a window"] = { { rate = "1/s", algorithm = "fixed_window", burst = 2 }, "burst: only gcra has one" },
    ["a burst of several"] = { { limits = { "1/s" }, burst = 2 }, "burst: expected none beside limits" },
    ["a limit that is none"] = { { rate = "1/s", limit = 5 },
      'limit: expected "consumer" or a function, got a number' },
    ["a header that is none"] = { { rate = "1/s", redis = "redis://127.0.0.1:1", state_header = "X Bad:" },
      'state_header: expected the name of a header, or "" for none, got "X Bad:"' },
    ["an answer's header in two lines"] = { { rate = "1/s", answer_headers = { ["X-A"] = "a\r\nX-B: b" } },
      'answer_headers["X-A"]: expected a header value, got "a\\013\\010X-B: b" (string)' },
    ["a body that is no JSON"] = { { rate = "1/s", body = { f = print } },
      "body: expected a text or a table that becomes JSON, got a table" },
    ["a function in Redis that has no name"] = {
      { rate = "1/s", redis = "redis://127.0.0.1:1", by = { "host", function() end } },
      "zone: required with redis where by has a function" },
    ["a body"] = { { rate = "1/s", body = 5 },
      "body: expected a text or a table that becomes JSON, got 5 (number)" },
    ["a log that is too long"] = { { rate = "5000/s", algorithm = "sliding_log" },
      "sliding_log counts at most 4000 in this gateway's memory" },
  } do
    it("refuses " .. name, function()
      local ok, why = pcall(open, case[1])
      assert.is_false(ok)
      assert.truthy(why:find(case[2], 1, true), why)
      assert.is_nil(hit(open { rate = "1/s" }).status)
    end)
  end
end)
