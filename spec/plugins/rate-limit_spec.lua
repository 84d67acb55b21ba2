-- SPDX-License-Identifier: Apache-2.0
-- plugins/rate-limit.lua

local gate = require "lunette.spec"

describe("rate-limit", function()
  local limit

  before_each(function()
    gate.reset()
    limit = gate.plugin("rate-limit", { rate = "2/s", burst = 2 })
  end)

  local function hit(ip, p) return gate.request(p or limit, { ip = ip or "10.0.0.1" }) end

  it("lets the burst through and then answers 429", function()
    assert.is_nil(hit().status)
    assert.is_nil(hit().status)
    local out = hit()
    assert.equal(429, out.status)
    assert.equal("1", out.headers["Retry-After"])
    assert.equal("0", out.headers["RateLimit-Remaining"])
  end)

  it("says why in the body and in a header", function()
    hit() hit()
    local out = gate.request(limit, { ip = "10.0.0.1", id = "r-9" })
    assert.same({ error = "Rate limit exceeded", code = "rate_limited", request_id = "r-9" }, out:json())
    assert.equal("rate_limited", out.headers["X-Lunette-Reason"])
  end)

  it("fills again with time", function()
    hit() hit()
    gate.clock:advance(0.5)
    assert.is_nil(hit().status)
    assert.equal(429, hit().status)
  end)

  it("never holds more than the burst", function()
    gate.clock:advance(3600)
    hit() hit()
    assert.equal(429, hit().status)
  end)

  it("counts clients apart", function()
    hit() hit()
    assert.is_nil(hit("10.0.0.2").status)
    assert.equal(429, hit().status)
  end)

  it("does not charge for what it refuses", function()
    hit() hit()
    for _ = 1, 10 do hit() end
    gate.clock:advance(0.5)
    assert.is_nil(hit().status)
  end)

  it("tells every client where it stands", function()
    local out = gate.response(limit, { ip = "10.0.0.1" }, { status = 200 })
    assert.equal("2", out.headers["RateLimit-Limit"])
    assert.equal("1", out.headers["RateLimit-Remaining"])
    assert.equal("1", out.headers["RateLimit-Reset"])
  end)

  it("says after how many seconds all of the burst is back", function()
    local slow = gate.plugin("rate-limit", { rate = "1/m", burst = 3 })
    hit("10.0.0.1", slow)
    local out = gate.response(slow, { ip = "10.0.0.1" }, { status = 200 })
    assert.equal("120", out.headers["RateLimit-Reset"])
  end)

  it("rounds the wait up, to a second at least", function()
    local slow = gate.plugin("rate-limit", { rate = "1/m", burst = 1 })
    hit("10.0.0.1", slow)
    gate.clock:advance(0.5)
    assert.equal("60", hit("10.0.0.1", slow).headers["Retry-After"])
  end)

  it("can keep its figures to itself", function()
    local quiet = gate.plugin("rate-limit", { rate = "1/h", burst = 1, headers = false })
    hit("10.0.0.1", quiet)
    local out = hit("10.0.0.1", quiet)
    assert.equal(429, out.status)
    assert.is_nil(out.headers["RateLimit-Limit"])
    assert.is_string(out.headers["Retry-After"])
  end)

  it("can answer with another status", function()
    local p = gate.plugin("rate-limit", { rate = "1/h", burst = 1, status = 503 })
    hit("10.0.0.1", p)
    assert.equal(503, hit("10.0.0.1", p).status)
  end)

  it("counts by identity, which other plugins may set", function()
    local chain = gate.chain { function(req) req.client.id = "ada" end, limit }
    gate.request(chain, { ip = "10.0.0.1" })
    gate.request(chain, { ip = "10.0.0.2" })
    assert.equal(429, gate.request(chain, { ip = "10.0.0.3" }).status)
  end)

  it("counts by address, whatever the identity", function()
    local p = gate.plugin("rate-limit", { rate = "1/h", burst = 1, by = "ip" })
    local function as(id) return gate.request(p, { ip = "10.0.0.1", client_id = id }) end
    as "ada"
    assert.equal(429, as("bob").status)
    assert.is_nil(hit("10.0.0.2", p).status)
  end)

  it("counts a route as a whole", function()
    local p = gate.plugin("rate-limit", { rate = "1/h", burst = 1, by = "route" })
    hit("10.0.0.1", p)
    assert.equal(429, hit("10.0.0.2", p).status)
  end)

  it("counts together what is in one zone", function()
    local a = gate.plugin("rate-limit", { rate = "1/h", burst = 1, zone = "shared" })
    local b = gate.plugin("rate-limit", { rate = "1/h", burst = 1, zone = "shared" })
    hit("10.0.0.1", a)
    assert.equal(429, hit("10.0.0.1", b).status)
  end)

  it("counts apart what differs in rate, without a word about zones", function()
    local other = gate.plugin("rate-limit", { rate = "3/s", burst = 2 })
    hit() hit()
    assert.is_nil(hit("10.0.0.1", other).status)
  end)

  it("explains a wrong setting", function()
    assert.has_error(function() gate.plugin("rate-limit", { rate = "fast" }) end,
      'rate-limit:\n  rate: expected a rate such as "100/s" or "5000/h", got "fast" (string)')
  end)

  it("wants a rate", function()
    assert.has_error(function() gate.plugin("rate-limit", {}) end,
      'rate-limit:\n  rate: required: expected a rate such as "100/s" or "5000/h"')
  end)
end)
