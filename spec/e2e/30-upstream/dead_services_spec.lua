-- SPDX-License-Identifier: Apache-2.0
-- Services of which nothing lives.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function statuses(g, n)
  local counts = {}
  for _ = 1, n do
    local status = g:get("/").status
    counts[status] = (counts[status] or 0) + 1
  end
  return counts
end


describe("a service of which nothing lives", function()
  after_each(gate.cleanup)

  it("is answered 503 after the first failures", function()
    local g = gate.proxy { gate.upstream { down = true }, gate.upstream { down = true } }
    local last
    for _ = 1, 10 do
      last = g:get("/")
      assert.is_true(last.status == 502 or last.status == 503)
    end
    assert.equal(503, last.status)
    assert.equal("No healthy backends available\n", last.body)
  end)

  it("comes back by itself", function()
    local up = gate.upstream { down = true }
    local g = gate.proxy(up)
    statuses(g, 5)
    up:come_back()
    gate.eventually(function() return g:get("/").status == 200 end, "an answer", 20)
    assert.same({ [200] = 10 }, statuses(g, 10))
  end)

  it("comes back soon, however long it was away", function()
    local up = gate.upstream { down = true }
    local g = gate.proxy(up, { service = { retries = { tries = 1 } } })
    -- Six failures of trials, each of which would have doubled the time that it is left alone: 12.8 s.
    gate.eventually(function()
      g:get("/")
      return select(2, g:log():gsub("is down: the connection could not be opened", "")) == 7
    end, "failures", 10)
    up:come_back()
    local from = gate.now()
    gate.eventually(function() return g:get("/").status == 200 end, "an answer", 20)
    assert.is_true(gate.now() - from < 2 * gate.slow, "after " .. gate.now() - from)
  end)

  it("does not touch other services", function()
    local up = gate.upstream()
    local g = gate.start { services = {
      { name = "dead", path = "/dead", instances = { gate.upstream { down = true } } },
      { name = "alive", path = "/alive", instances = { up } },
    } }
    for _ = 1, 5 do
      g:get("/dead")
      assert.equal(200, g:get("/alive").status)
    end
  end)
end)
