-- SPDX-License-Identifier: Apache-2.0
-- Instances that are down: skipped, asked ever more rarely, back by themselves.

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
