-- SPDX-License-Identifier: Apache-2.0
-- retries.budget: repeats are a share of the requests, and ten a second.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the budget of retries", function()
  after_each(gate.cleanup)

  local function metric(g, name)
    return tonumber(g:cli("metrics", "--control", g.control).out:match("\n" .. name .. " (%d+)"))
  end

  local function start(retries)
    retries.statuses, retries.backoff = { 503 }, { base = 0 }
    local up = gate.upstream(function() return 503, "no" end)
    return gate.proxy(up, { workers = 1, service = { breaker = "off", retries = retries } }), up
  end

  -- n requests, one after the other over one connection: how many attempts they came to.
  local function ask(g, up, n)
    local before, c = #up.requests, gate.client(g)
    for i = 1, n do
      c:send(gate.http.request("GET", "/" .. i))
      assert.equal("no", c:read().body)
    end
    return #up.requests - before
  end

  it("bounds them", function()
    local g, up = start { budget = "20%" }
    local began = gate.now()
    local attempts = ask(g, up, 300)
    local seconds = gate.now() - began
    local retries = metric(g, "lunette_retries_total")
    assert.equal(attempts - 300, retries)
    assert.is_true(retries >= 60 - 10, retries .. " retries")
    assert.is_true(retries <= 60 + 10 * (2 + seconds), retries .. " retries")
    assert.equal(300 - retries, metric(g, "lunette_retries_refused_total"))
  end)

  it("leaves a quiet service its repeats, however small the share", function()
    local g, up = start { budget = 0 }
    assert.equal(10, ask(g, up, 5))
    assert.equal(0, metric(g, "lunette_retries_refused_total"))
  end)

  it("off: there is none", function()
    local g, up = start { budget = "off" }
    assert.equal(200, ask(g, up, 100))
  end)
end)
