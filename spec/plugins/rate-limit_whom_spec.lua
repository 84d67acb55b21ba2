-- SPDX-License-Identifier: Apache-2.0
-- plugins/rate-limit.lua: who is counted, and what a request costs.

local gate = require "lunette.spec"

describe("rate-limit", function()
  before_each(gate.reset)

  local function open(settings)
    settings.rate = settings.rate or "1/h"
    settings.burst = settings.burst or 1
    return gate.plugin("rate-limit", settings)
  end

  local function status(p, options) return gate.request(p, options).status end

  it("counts by a header, and by identity where it is not there", function()
    local p = open { by = "header:X-Tenant" }
    local function as(tenant, ip) return status(p, { ip = ip, headers = { ["X-Tenant"] = tenant } }) end
    assert.is_nil(as("a", "10.0.0.1"))
    assert.equal(429, as("a", "10.0.0.2"))
    assert.is_nil(as("b", "10.0.0.1"))
    assert.is_nil(as(nil, "10.0.0.1"))
    assert.equal(429, as("", "10.0.0.1"))
    assert.is_nil(as("address:10.0.0.9", "10.0.0.1")) -- nobody can spend what another one has
    assert.is_nil(as(nil, "10.0.0.9"))
  end)

  it("counts by argument, cookie, host or method", function()
    local p = open { by = "query:key" }
    assert.is_nil(status(p, { path = "/?key=a" }))
    assert.equal(429, status(p, { path = "/?key=a" }))
    p = open { by = "cookie:session" }
    assert.is_nil(status(p, { headers = { Cookie = "session=1" } }))
    assert.equal(429, status(p, { headers = { Cookie = "session=1" } }))
    p = open { by = "method" }
    assert.is_nil(status(p, "GET /"))
    assert.is_nil(status(p, "POST /"))
    assert.equal(429, status(p, "GET /b"))
  end)

  it("counts by several things together", function()
    local p = open { by = { "client", "method", "header:X-Tenant" } }
    local function as(ip, method, tenant)
      return status(p, { ip = ip, method = method, headers = { ["X-Tenant"] = tenant } })
    end
    assert.is_nil(as("10.0.0.1", "GET", "a"))
    assert.is_nil(as("10.0.0.1", "GET", "b"))
    assert.is_nil(as("10.0.0.1", "POST", "a"))
    assert.is_nil(as("10.0.0.2", "GET", "a"))
    assert.is_nil(as("10.0.0.1", "GET", nil))
    assert.equal(429, as("10.0.0.1", "GET", "a"))
    assert.equal(429, as("10.0.0.1", "GET", nil))
  end)

  it("counts by a template, or by what a function says", function()
    local p = open { by = "{client.ip}:{req.path}" }
    assert.is_nil(status(p, "GET /a"))
    assert.is_nil(status(p, "GET /b"))
    assert.equal(429, status(p, "GET /a"))
    p = open { by = function(req) return req.headers["X-Who"] end }
    assert.is_nil(status(p, { headers = { ["X-Who"] = "a" } }))
    assert.equal(429, status(p, { headers = { ["X-Who"] = "a" } }))
    for _ = 1, 3 do assert.is_nil(status(p)) end -- nil: not counted
  end)

  it("takes numbers of a function as texts, and refuses what is neither", function()
    local function who(req) return ({ number = 7, text = "7", table = {}, no = false })[req.args.who] end
    local p = open { by = who }
    assert.is_nil(status(p, "GET /?who=number"))
    assert.equal(429, status(p, "GET /?who=text"))
    assert.is_nil(status(gate.plugin("concurrency-limit", { most = 1, by = who }), "GET /?who=number"))
    assert.is_nil(status(gate.plugin("quota", { limit = 1, by = { who, "host" } }), "GET /?who=number"))
    for _, kind in ipairs { "table", "no" } do
      assert.equal(500, status(p, "GET /?who=" .. kind))
    end
    assert.matches("by: expected a text, a number or nil of the function at .*whom_spec.lua:%d+, got a table",
      gate.logged()[1].text)
  end)

  it("counts apart what differs in whom it counts", function()
    assert.is_nil(status(open { by = "client" }))
    assert.is_nil(status(open { by = "ip" }))
    assert.is_nil(status(open { by = { "client", "ip" } }))
    assert.equal(429, status(open { by = { "client", "ip" } }))
  end)

  it("takes what a request costs", function()
    local p = open { rate = "10/h", burst = 10, cost = 4 }
    assert.is_nil(status(p))
    assert.is_nil(status(p))
    assert.equal(429, status(p))
  end)

  it("asks a header, template or function for the cost, and takes 1 where it gives none", function()
    local p = open { rate = "10/h", burst = 10, cost = "header:X-Cost" }
    local function left(headers)
      return gate.response(p, { headers = headers }, { status = 200 }).headers["RateLimit-Remaining"]
    end
    assert.equal("7", left { ["X-Cost"] = "3" })
    assert.equal("6", left {})
    assert.equal("5", left { ["X-Cost"] = "-3" })
    assert.equal("4", left { ["X-Cost"] = "nan" })
    assert.equal("3", left { ["X-Cost"] = "0" }) -- a client may have written it
    assert.equal("1", left { ["X-Cost"] = "1.5" })
    assert.equal(429, status(p, { headers = { ["X-Cost"] = "1e300" } }))
    p = open { rate = "10/h", burst = 10, zone = "f", cost = function(req) return req.method == "GET" and 0 or 6 end }
    for _ = 1, 20 do assert.is_nil(status(p, "GET /")) end
    assert.is_nil(status(p, "POST /"))
    assert.equal(429, status(p, "POST /"))
    p = open { rate = "10/h", burst = 10, zone = "t", cost = "{req.args.n}" }
    assert.is_nil(status(p, "GET /?n=9"))
    assert.equal(429, status(p, "GET /?n=2"))
  end)

  it("charges afterwards what a header of the response says", function()
    local p = open { rate = "100/h", burst = 100, charge = "header:X-Tokens" }
    local function ask(tokens, s)
      local out = gate.response(p, {}, { status = s or 200, headers = { ["X-Tokens"] = tokens } })
      return gate.log(out).headers["RateLimit-Remaining"]
    end
    assert.equal("100", ask "40")
    assert.equal("60", ask "500") -- more than there is: owed
    assert.equal(429, status(p))
    gate.clock:advance(4.4 * 3600)
    assert.equal(429, status(p))
    gate.clock:advance(0.1 * 3600)
    assert.is_nil(status(p))
    gate.clock:advance(3600)
    assert.equal("100", ask(nil)) -- nothing was said, nothing is charged
    assert.equal("100", ask "x")
    assert.equal("100", ask "0")
  end)

  it("charges afterwards what a function says, but never for an answer of the gateway", function()
    local p = open { rate = "10/h", burst = 10, charge = function(req, res) return #req.path + res.status / 100 end }
    local function ask(response)
      return gate.log(gate.response(p, "GET /abc", response)).headers["RateLimit-Remaining"]
    end
    assert.equal("10", ask { status = 200, origin = "gateway" })
    assert.equal("10", ask { status = 200 })
    assert.equal("4", ask { status = 200 })
    assert.equal(429, status(p))
  end)

  for by, message in pairs {
    ["clients"] = 'got "clients" (string); did you mean "client"?',
    ["header:"] = 'got "header:" (string)',
    ["{req.headers}"] = 'got "{req.headers}" (string): column 2: unknown name "req.headers"',
    [{}] = "got a table",
    [5] = "got 5 (number)",
  } do
    it(("refuses to count by %s"):format(type(by) == "table" and "nothing" or by), function()
      local ok, why = pcall(open, { by = by })
      assert.is_false(ok)
      assert.truthy(why:find('by: expected "client", "host", "ip", "method", "route", "header:NAME"', 1, true), why)
      assert.truthy(why:find(message, 1, true), why)
    end)
  end

  for _, case in ipairs { { cost = -1 }, { cost = 1.5 }, { cost = "much" }, { charge = "{req.nothing}" } } do
    local name = next(case)
    it(("refuses %s = %s"):format(name, case[name]), function()
      local ok, why = pcall(open, case)
      assert.is_false(ok)
      local message = name .. ': expected a whole number, "header:NAME", a template or a function, got'
      assert.truthy(why:find(message, 1, true), why)
    end)
  end
end)
