-- SPDX-License-Identifier: Apache-2.0
-- parallel(): the requests of its functions meet at a barrier, which they can only if they are under way together.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local ROUTES = [[
local url = "%s"
local function ask(path) return function() return assert(http.get(url .. path)).body end end
get "/both" { function()
  local a, b = parallel(ask "/meet?a", ask "/meet?b")
  return 200, a .. b
end }
get "/nested" { function()
  local function two() local a, b = parallel(ask "/meet?c", ask "/meet?d") return a .. b end
  local a, b = parallel(two, two)
  return 200, a .. b
end }
get "/raises" { function()
  parallel(ask "/held", function() error("on purpose") end)
end }
get "/held" { function() return 200, (parallel(ask "/held", ask "/held")) end }
get "/quick" { function() return 200, "quick" end }
]]

describe("parallel()", function()
  local side, g, meeting, hold

  setup(function()
    hold = gate.gate("the reply")
    side = gate.upstream(function(request)
      if request.path == "/held" then hold:wait() return 200, "held" end
      meeting:meet()
      return 200, request.target:sub(-1)
    end)
    g = gate.start { services = { { name = "main", instances = { side } } }, routes = ROUTES:format(side.url) }
  end)
  teardown(gate.cleanup)

  it("asks at once", function()
    meeting = gate.barrier(2)
    assert.equal("ab", g:get("/both").body)
    meeting = gate.barrier(4)
    assert.equal("cdcd", g:get("/nested").body)
  end)

  it("ends the others when one raises", function()
    g:expect("on purpose")
    assert.equal(500, g:get("/raises").status)
    assert.equal("quick", g:get("/quick").body)
  end)

  it("ends with the client", function()
    local before = #side.requests
    local c = gate.client(g):send(gate.http.request("GET", "/held"))
    side:wait_requests(before + 2)
    c:reset()
    assert.equal("quick", g:get("/quick").body)
    hold:open()
    assert.equal("held", g:get("/held").body)
  end)
end)
