-- SPDX-License-Identifier: Apache-2.0
-- Weighted turns of the instances: exact, smooth, also across workers.

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


describe("weighted_round_robin", function()
  after_each(gate.cleanup)

  local function weighted(workers, weights)
    local ups, instances = upstreams(#weights), {}
    for i, weight in ipairs(weights) do instances[i] = { url = ups[i], weight = weight } end
    return ups, gate.proxy(instances, { workers = workers,
      service = { strategy = "weighted_round_robin" } })
  end

  it("is exact: 5 : 3 : 2", function()
    local ups, g = weighted(1, { 5, 3, 2 })
    assert.same({ 50, 30, 20 }, shares(g, ups, 100))
  end)

  it("is exact in every round", function()
    local ups, g = weighted(1, { 5, 3, 2 })
    for _ = 1, 5 do assert.same({ 5, 3, 2 }, shares(g, ups, 10)) end
  end)

  it("is exact across workers", function()
    local ups, g = weighted(2, { 5, 3, 2 })
    assert.same({ 100, 60, 40 }, shares(g, ups, 200))
  end)

  it("is smooth: a heavy instance does not get its turns in a row", function()
    local _, g = weighted(1, { 5, 3, 2 })
    local longest, run, last = 0, 0, nil
    for _ = 1, 20 do
      local name = g:get("/").body
      run = name == last and run + 1 or 1
      last, longest = name, math.max(longest, run)
    end
    assert.is_true(longest <= 2, "longest run " .. longest)
  end)

  it("weighs 1 what has no weight", function()
    local ups = upstreams(2)
    local g = gate.proxy({ { url = ups[1], weight = 3 }, ups[2].url },
      { service = { strategy = "weighted_round_robin" } })
    assert.same({ 6, 2 }, shares(g, ups, 8))
  end)
end)
