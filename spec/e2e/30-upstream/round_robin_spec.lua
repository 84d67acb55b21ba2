-- SPDX-License-Identifier: Apache-2.0
-- Turns of the instances: exact, also across workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- How many of n requests, each on a connection of its own, each upstream has served.
local function shares(g, ups, n)
  local before, counts = {}, {}
  for i, up in ipairs(ups) do before[i] = #up.requests end
  for _ = 1, n do assert.equal(200, g:get("/").status) end
  for i, up in ipairs(ups) do counts[i] = #up.requests - before[i] end
  return counts
end


local function upstreams(n)
  local ups = {}
  for i = 1, n do ups[i] = gate.upstream { name = "instance " .. i } end
  return ups
end


describe("round_robin", function()
  after_each(gate.cleanup)

  it("takes turns", function()
    local ups = upstreams(3)
    local g = gate.proxy(ups, { service = { strategy = "round_robin" } })
    local order = {}
    for i = 1, 6 do order[i] = g:get("/").body end
    assert.is_true(order[1] ~= order[2] and order[2] ~= order[3] and order[1] ~= order[3])
    for i = 1, 3 do assert.equal(order[i], order[i + 3]) end
  end)

  for workers = 1, 3 do
    it(("is exact across %d workers"):format(workers), function()
      local ups = upstreams(3)
      local g = gate.proxy(ups, { workers = workers })
      assert.same({ 100, 100, 100 }, shares(g, ups, 300))
    end)
  end

  it("is exact with many clients at once", function()
    local ups = upstreams(3)
    local g = gate.proxy(ups, { workers = 2 })
    local tasks = {}
    for i = 1, 15 do
      tasks[i] = gate.go("client", function()
        local c = gate.client(g)
        for _ = 1, 20 do assert.equal(200, c:get("/").status) end
      end)
    end
    for _, task in ipairs(tasks) do task:join(20) end
    for _, up in ipairs(ups) do assert.equal(100, #up.requests) end
  end)

  it("goes on where it was after a reload", function()
    local ups = upstreams(2)
    local g = gate.proxy(ups)
    local first = g:get("/").body
    assert.equal(0, g:reload().code)
    assert.is_not.equal(first, g:get("/").body)
  end)
end)
