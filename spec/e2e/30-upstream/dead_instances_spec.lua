-- SPDX-License-Identifier: Apache-2.0
-- Instances that are down: skipped, back by themselves, and what is said when none is left.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function statuses(g, n)
  local counts = {}
  for _ = 1, n do
    local status = g:get("/").status
    counts[status] = (counts[status] or 0) + 1
  end
  return counts
end


describe("an instance that is down", function()
  after_each(gate.cleanup)

  it("costs no request while another lives", function()
    local up, dead = gate.upstream(), gate.upstream { down = true }
    local g = gate.proxy { dead, up }
    assert.same({ [200] = 50 }, statuses(g, 50))
    assert.equal(50, #up.requests)
  end)

  it("costs no POST either: nothing of it was written", function()
    local up, dead = gate.upstream(), gate.upstream { down = true }
    local g = gate.proxy { dead, up }
    for _ = 1, 10 do assert.equal(200, g:post("/", "body").status) end
    for _, request in ipairs(up.requests) do assert.equal("body", request.body) end
  end)

  it("may go down under traffic", function()
    local ups = { gate.upstream(), gate.upstream() }
    local g = gate.proxy(ups)
    assert.same({ [200] = 10 }, statuses(g, 10))
    ups[1]:go_down()
    assert.same({ [200] = 30 }, statuses(g, 30))
  end)

  it("comes back by itself", function()
    local up, other = gate.upstream { down = true }, gate.upstream()
    local g = gate.proxy { up, other }
    statuses(g, 6)
    up:come_back()
    gate.eventually(function()
      assert.equal(200, g:get("/").status)
      return #up.requests > 0
    end, "traffic on the instance that came back", 20)
  end)

  it("has its full share again afterwards", function()
    local up, other = gate.upstream { down = true }, gate.upstream()
    local g = gate.proxy { up, other }
    statuses(g, 6)
    up:come_back()
    gate.eventually(function() return g:get("/") and #up.requests > 0 end, "the first request", 20)
    local before = #up.requests
    statuses(g, 20)
    assert.equal(10, #up.requests - before)
  end)

  it("is asked ever more rarely", function()
    local bad = gate.upstream { script = function(connection) connection:reset() end }
    local g = gate.proxy { bad, gate.upstream() }
    local from = gate.now()
    while gate.now() - from < 3 do
      assert.equal(200, g:get("/").status)
      gate.pause(0.005)
    end
    assert.is_true(bad.accepted >= 4, bad.accepted .. " times")
    assert.is_true(bad.accepted <= 11, bad.accepted .. " times")
  end)

  it("leaves its share to all the others", function()
    local ups = { gate.upstream(), gate.upstream(), gate.upstream(), gate.upstream { down = true } }
    local g = gate.proxy(ups)
    statuses(g, 8)
    local before = {}
    for i = 1, 3 do before[i] = #ups[i].requests end
    statuses(g, 60)
    for i = 1, 3 do
      local share = #ups[i].requests - before[i]
      assert.is_true(share >= 15 and share <= 25, "share " .. share)
    end
  end)

  it("is known to be down by all workers", function()
    local up, dead = gate.upstream(), gate.upstream { down = true }
    local g = gate.proxy({ dead, up }, { workers = 2 })
    assert.same({ [200] = 60 }, statuses(g, 60))
  end)
end)


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
