-- SPDX-License-Identifier: Apache-2.0
-- plugins/rate-limit.lua: other rates for some, by what a function says or a consumer has.

local gate = require "lunette.spec"

describe("rate-limit", function()
  before_each(gate.reset)

  local function open(settings)
    settings.rate = settings.rate or "1/h"
    settings.burst = settings.burst or 1
    return gate.plugin("rate-limit", settings)
  end

  local function status(p, options) return gate.request(p, options).status end

  it("takes another rate for some", function()
    local p = open { rate = "1/h", burst = 1, limit = function(req)
      local plan = req.headers["X-Plan"]
      return plan == "gold" and "7200/h" or plan == "silver" and 3 or nil
    end }
    local function as(plan) return status(p, { headers = { ["X-Plan"] = plan } }) end
    assert.is_nil(as(nil))
    assert.equal(429, as(nil))
    assert.is_nil(as "gold")
    assert.equal(429, as "gold")
    gate.clock:advance(0.5)
    assert.is_nil(as "gold")
    assert.is_nil(as "silver")
    gate.clock:advance(1200)
    assert.is_nil(as "silver")
    assert.equal(429, as(nil))
  end)

  it("takes the rate of a consumer", function()
    gate.consumers {
      { name = "gold", keys = "gold-key-1", limits = { rate = "7200/h", burst = 3 } },
      { name = "wide", keys = "wide-key-1", limits = { burst = 2 } },
      { name = "plain", keys = "plain-key-1" },
    }
    local chain = gate.chain {
      gate.plugin("key-auth", { otherwise = "next" }), open { rate = "1/h", burst = 1, limit = "consumer" },
    }
    local function passed(key)
      local n = 0
      for _ = 1, 5 do
        if not status(chain, { headers = { ["X-Api-Key"] = key } }) then n = n + 1 end
      end
      return n
    end
    assert.same({ 3, 2, 1, 1 }, { passed "gold-key-1", passed "wide-key-1", passed "plain-key-1", passed() })
    gate.clock:advance(0.5)
    assert.same({ 1, 0, 0, 0 }, { passed "gold-key-1", passed "wide-key-1", passed "plain-key-1", passed() })
  end)

  local CONSUMERS = {
    { name = "day", keys = "day-key-123", limits = { rate = "4/d" } },
    { name = "hour", keys = "hour-key-12", limits = { rate = "5/h", burst = 2 } },
    { name = "plain", keys = "plain-key-1", limits = { burst = 9 } },
  }

  local function passed_of(chain, key)
    local n = 0
    for _ = 1, 8 do
      if not status(chain, { headers = { ["X-Api-Key"] = key } }) then n = n + 1 end
    end
    return n
  end

  for _, algorithm in ipairs { "sliding_window", "sliding_log", "fixed_window" } do
    it("takes longer rates of consumers than its own: " .. algorithm, function()
      gate.consumers(CONSUMERS)
      local chain = gate.chain {
        gate.plugin("key-auth", { otherwise = "next" }),
        gate.plugin("rate-limit", { rate = "3/s", algorithm = algorithm, limit = "consumer", style = "both" }),
      }
      local function passed(key) return passed_of(chain, key) end
      assert.same({ 4, 5, 3, 3 }, { passed "day-key-123", passed "hour-key-12", passed "plain-key-1", passed() })
      local out = gate.request(chain, { headers = { ["X-Api-Key"] = "day-key-123" } })
      assert.equal("4", out.headers["RateLimit-Limit"])
      assert.equal('"4/86400s";q=4;w=86400', out.headers["RateLimit-Policy"])
      assert.matches('^"4/86400s";r=0;t=', out.headers["RateLimit"])
      gate.clock:advance(2)
      assert.same({ 0, 0, 3, 3 }, { passed "day-key-123", passed "hour-key-12", passed "plain-key-1", passed() })
      gate.clock:advance(2 * 3600)
      assert.same({ 0, 5 }, { passed "day-key-123", passed "hour-key-12" })
      gate.clock:advance(2 * 86400)
      assert.same({ 4, 5 }, { passed "day-key-123", passed "hour-key-12" })
    end)
  end

  it("has no use for a burst of a consumer where windows count", function()
    gate.consumers { CONSUMERS[3], { name = "second", keys = "second-key-1", limits = { rate = "2/s" } } }
    local chain = gate.chain {
      gate.plugin("key-auth", {}),
      gate.plugin("rate-limit", { rate = "3/h", algorithm = "sliding_window", limit = "consumer" }),
    }
    assert.same({ 3, 2 }, { passed_of(chain, "plain-key-1"), passed_of(chain, "second-key-1") })
  end)

  it("takes the rate of a consumer in place of all of several windows", function()
    gate.consumers(CONSUMERS)
    for _, algorithm in ipairs { "gcra", "fixed_window" } do
      local chain = gate.chain {
        gate.plugin("key-auth", { otherwise = "next" }),
        gate.plugin("rate-limit", { limits = { "2/s", "3/h" }, algorithm = algorithm, limit = "consumer" }),
      }
      local function passed(key) return passed_of(chain, key) end
      local burst = algorithm == "gcra" and 2 or 5
      assert.same({ 4, burst, 2, 2 }, { passed "day-key-123", passed "hour-key-12", passed "plain-key-1", passed() })
    end
  end)

  it("takes another rate in place of several windows, but no number", function()
    local p = gate.plugin("rate-limit", { limits = { "2/h", "3/d" }, limit = function(req)
      return tonumber(req.args.n) or req.args.n
    end })
    for _ = 1, 4 do assert.is_nil(status(p, "GET /?n=4/m")) end
    assert.equal(429, status(p, "GET /?n=4/m"))
    assert.equal(500, status(p, "GET /?n=4"))
    assert.matches('limit: expected a rate such as "100/s", got 4', gate.logged()[1].text)
  end)

  it("names the consumer whose rate a log cannot count", function()
    gate.consumers { CONSUMERS[1], { name = "big", keys = "big-key-123", limits = { rate = "5000/h" } } }
    local ok, why = pcall(gate.plugin, "rate-limit", { rate = "3/s", algorithm = "sliding_log", limit = "consumer" })
    assert.is_false(ok)
    assert.matches('limit: consumer "big" may have 5000: .*sliding_log counts at most 4000', why)
  end)

  it("lets nobody pass whose rate is 0", function()
    for _, algorithm in ipairs { "gcra", "sliding_window" } do
      local p = gate.plugin("rate-limit", { rate = "5/m", algorithm = algorithm, limit = function(req)
        return tonumber(req.args.n) or req.args.n
      end })
      for _, none in ipairs { "0", "0.5", "0/h" } do
        local out = gate.request(p, "GET /?n=" .. none)
        assert.equal(429, out.status)
        assert.equal("rate_limited", out.headers["X-Lunette-Reason"])
        assert.is_nil(out.headers["Retry-After"])
        assert.equal("0", out.headers["RateLimit-Limit"])
        assert.equal("0", out.headers["RateLimit-Remaining"])
      end
      for _, wrong in ipairs { "-1", "nan", "1e300", "1/0s" } do assert.equal(500, status(p, "GET /?n=" .. wrong)) end
      assert.is_nil(status(p, "GET /?n=1"))
    end
  end)

  it("fails where a function gives what is no rate", function()
    local p = open { limit = function(req) return req.args.rate end }
    assert.equal(500, status(p, "GET /?rate=fast"))
    assert.truthy(gate.logged()[1].text:find('limit: expected a rate such as "100/s" or a number, got fast', 1, true))
    assert.is_nil(status(p, "GET /?rate=5/s"))
  end)
end)
