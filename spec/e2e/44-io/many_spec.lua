-- SPDX-License-Identifier: Apache-2.0
-- Many requests of plugins at once: all of them are under way together, none is lost, and memory comes back.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local MANY = 1000

local ROUTES = [[
local url = "%s"
get "/one" { function() return 200, assert(http.get(url .. "/one", { timeout = "60s" })).body end }
get "/fan/:n" { function(req)
  local n, total = tonumber(req.params.n), 0
  local function ask() return http.get(url .. "/part", { timeout = "60s", max = "64k" }) end
  local function some(k)
    if k == 1 then return (ask() or { body = "" }).body:len() end
    local half = math.floor(k / 2)
    local a, b = parallel(function() return some(half) end, function() return some(k - half) end)
    return a + b
  end
  return 200, tostring(some(n))
end }
get "/memory" { function() return 200, "ok" end }
]]


local function resident(pid)
  for line in io.lines("/proc/" .. pid .. "/status") do
    local kb = line:match("^VmRSS:%s*(%d+)")
    if kb then return tonumber(kb) end
  end
end


describe("many requests at once", function()
  local side, g, together

  setup(function()
    side = gate.upstream { backlog = 2000, handler = function(request)
      if request.path == "/part" then
        together:meet(120 * gate.slow)
        return 200, ("x"):rep(1000)
      end
      return 200, "one"
    end }
    g = gate.start {
      workers = 1, services = { { name = "main", instances = { side } } }, routes = ROUTES:format(side.url),
    }
  end)
  teardown(gate.cleanup)

  it("are all under way together", function()
    local before
    for round = 1, 3 do
      together = gate.barrier(MANY, "the requests")
      assert.equal(tostring(MANY * 1000), g:get("/fan/" .. MANY, { timeout = 120 * gate.slow }).body)
      assert.equal("one", g:get("/one").body)
      local now = resident(g:workers()[1])
      if round == 2 then before = now end
      if round == 3 then assert.is_true(now < before + 20000, ("grew from %d to %d kB"):format(before, now)) end
    end
  end)

  it("of a client that has left are broken off, all of them", function()
    together = gate.barrier(MANY + 1, "nobody")
    local c = gate.client(g):send(gate.http.request("GET", "/fan/100"))
    local before = #side.requests
    side:wait_requests(before + 100)
    c:reset()
    together.come = MANY + 1
    assert.equal("one", g:get("/one").body)
  end)
end)
