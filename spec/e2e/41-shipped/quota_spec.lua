-- SPDX-License-Identifier: Apache-2.0
-- quota in the real binary: what was used of a period survives a reload, also one that changes the limit.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function routes(limit)
  return ('get "/" { to = service "main", use "quota" { limit = %d, period = "month" } }\n'):format(limit)
end


describe("quota", function()
  after_each(gate.cleanup)

  it("goes on from what was used when the limit changes", function()
    local g = gate.start { workers = 2, services = { { name = "main", instances = { gate.upstream() } } },
      routes = routes(2) }
    for left = 1, 0, -1 do assert.equal(tostring(left), g:get("/").headers["X-Quota-Remaining"]) end
    assert.equal(429, g:get("/").status)
    g.dir:write("routes.lua", "\n" .. routes(3))
    assert.equal(0, g:reload().code)
    assert.equal(200, g:get("/").status)
    local r = g:get("/")
    assert.equal(429, r.status)
    assert.equal("3", r.headers["X-Quota-Limit"])
  end)
end)
