-- SPDX-License-Identifier: Apache-2.0
-- A handler that does not come back is stopped; everybody else is served.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
get "/good" { reply = { 200, "good" } }
get "/loop" { function() while true do end end }
get "/compiled" { function() local x = 0 for i = 1, 1e15 do x = x + i end return 200, x end }
get "/caught" { function() while true do pcall(function() while true do end end) end end }
get "/memory" { function()
  local all = {}
  for i = 1, 1e9 do all[i] = ("x"):rep(1000) .. i end
  return 200
end }
get "/string" { function() return 200, ("x"):rep(1e9):rep(100) end }
]]


describe("a handler that runs away", function()
  local g

  setup(function()
    g = gate.start { routes = ROUTES, expect = { "routes%.lua" },
      extra = { lua = { budget = "50ms", memory = "32m" } } }
  end)
  teardown(gate.cleanup)

  for _, target in ipairs { "/loop", "/compiled", "/caught", "/memory", "/string" } do
    it(("%s costs its own request a 500, and no worker"):format(target), function()
      local before = g:workers()
      local r = g:get(target, { timeout = 10 })
      assert.equal(500, r.status)
      assert.same(before, g:workers())
      assert.equal("good", g:get("/good").body:gsub("\n", ""))
    end)
  end

  it("is named in the log", function()
    local from = #g:log()
    g:get("/loop", { timeout = 10 })
    g:wait_log("routes%.lua:2", nil, from)
  end)
end)
