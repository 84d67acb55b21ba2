-- SPDX-License-Identifier: Apache-2.0
-- plugins/concurrency-limit.lua

local gate = require "lunette.spec"

describe("concurrency-limit", function()
  before_each(gate.reset)

  local function open(settings)
    settings.most = settings.most or 2
    return gate.plugin("concurrency-limit", settings)
  end

  -- A request that is under way; finish(it) ends it.
  local function begin(p, options) return gate.response(p, options or { ip = "10.0.0.1" }, { status = 200 }) end
  local function refused(p, options) return gate.request(p, options or { ip = "10.0.0.1" }) end
  local function finish(out) return gate.log(out) end

  it("lets so many be under way at once and answers 429 to more", function()
    local p = open {}
    local first = begin(p)
    begin(p)
    local out = refused(p)
    assert.equal(429, out.status)
    assert.equal("1", out.headers["Retry-After"])
    assert.equal("too_many_at_once", out.headers["X-Lunette-Reason"])
    finish(first)
    assert.equal(200, begin(p).status)
    assert.equal(429, refused(p).status)
  end)

  it("holds no more of all clients than `entries` says", function()
    local p, held = open { most = 10, entries = 64, zone = "small" }, 0
    for i = 1, 200 do held = held + (refused(p, { ip = "10.1.0." .. i }).status and 0 or 1) end
    assert.is_true(held >= 64 and held < 200, held)
  end)

  it("gives nothing back for what it has refused", function()
    local p = open { most = 1 }
    begin(p)
    for _ = 1, 3 do finish(refused(p)) end
    assert.equal(429, refused(p).status)
  end)

  it("counts clients apart, or by what you say", function()
    local p = open { most = 1 }
    begin(p)
    assert.equal(200, begin(p, { ip = "10.0.0.2" }).status)
    p = open { most = 1, by = "route" }
    begin(p)
    assert.equal(429, refused(p, { ip = "10.0.0.2" }).status)
    p = open { most = 1, by = function() return nil end }
    for _ = 1, 3 do assert.equal(200, begin(p).status) end
  end)

  it("does not count what has been under way for too long", function()
    local p = open { most = 1, hold = "10s" }
    local long = begin(p)
    gate.clock:advance(9)
    assert.equal(429, refused(p).status)
    gate.clock:advance(2)
    begin(p)
    finish(long) -- and gives back nothing of another one's
    assert.equal(429, refused(p).status)
  end)

  it("can run dry", function()
    local p = open { most = 1, dry_run = true }
    begin(p)
    assert.equal(200, begin(p).status)
    assert.equal("a request too many was let through: dry run", gate.logged()[1].text)
    assert.equal(1, gate.metrics('concurrency_limit_refused_total{route="spec",result="dry_run"}'))
  end)

  it("can answer with another status", function()
    local p = open { most = 1, status = 503, retry_after = "1m" }
    begin(p)
    local out = refused(p)
    assert.equal(503, out.status)
    assert.equal("60", out.headers["Retry-After"])
  end)

  it("wants a name where several limits would count together", function()
    local small = open { most = 1 }
    local ok, why = pcall(open, { most = 2 })
    assert.is_false(ok)
    assert.truthy(why:find("zone: required: another concurrency-limit by the same lets 1 pass", 1, true), why)
    begin(small)
    assert.equal(429, refused(open { most = 1 }).status)
    assert.equal(200, begin(open { most = 2, zone = "large" }).status)
    assert.equal(200, begin(open { most = 2, by = "route" }).status)
  end)

  it("explains a wrong setting", function()
    assert.has_error(function() gate.plugin("concurrency-limit", { most = 0 }) end,
      "concurrency-limit:\n  most: expected an integer from 1 to 10000, got 0 (number)")
  end)
end)
