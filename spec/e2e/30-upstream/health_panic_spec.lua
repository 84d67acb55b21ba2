-- SPDX-License-Identifier: Apache-2.0
-- Checks over TCP, and services of which their checks leave too little: panicThreshold, backups.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local QUICK = { path = "/health", interval = "20ms", timeout = "2s", rise = 1, fall = 2, jitter = 0 }


-- As a Lua pattern.
local function literal(text)
  return (text:gsub("%p", "%%%0"))
end


local function checked(name)
  local it = { check = 200 }
  it.up = gate.upstream { name = name, handler = function(request)
    if request.target == "/health" then return it.check end
    return 200, name
  end }
  return it
end


local function start(its, service)
  local ups = {}
  for i, it in ipairs(its) do ups[i] = it.instance or it.up end
  service.health = service.health or QUICK
  return gate.proxy(ups, { service = service, workers = 2 })
end


local function names(g, n)
  local seen = {}
  for _ = 1, n do
    local r = g:get("/")
    seen[r.status == 200 and r.body or r.status] = true
  end
  return seen
end


local function wait_down(g, it)
  g:wait_log(literal(it.up.url) .. ": up %-> down")
end


describe("a service whose checks call most of it down", function()
  after_each(gate.cleanup)

  it("spreads over all below panicThreshold, and no longer when enough are up", function()
    local its = { checked "a", checked "b", checked "c" }
    local g = start(its, {})
    its[1].check = 500
    wait_down(g, its[1])
    assert.same({ b = true, c = true }, names(g, 12))
    its[2].check = 500
    wait_down(g, its[2])
    g:wait_log("health main: only 1 of 3 instances are up: requests go to all of them")
    assert.same({ a = true, b = true, c = true }, names(g, 12))
    its[2].check = 200
    g:wait_log("health main: enough instances are up: requests go to those only")
    assert.same({ b = true, c = true }, names(g, 12))
  end)

  it("refuses rather than that with panicThreshold 0", function()
    local it = checked "it"
    local g = start({ it }, { panicThreshold = 0 })
    assert.same({ it = true }, names(g, 2))
    it.check = 500
    wait_down(g, it)
    local r = g:get("/")
    assert.equal(503, r.status)
    assert.equal("no_healthy_backend", r.headers["X-Lunette-Reason"])
    it.check = 200
    g:wait_log("down %-> up")
    assert.same({ it = true }, names(g, 2))
  end)

  it("heeds breakers all the same", function()
    local broken = checked "broken"
    broken.up.handler = function() return 500, "broken" end
    local g = start({ broken }, { breaker = { minRequests = 5, openFor = "30s" } })
    g:wait_log("requests go to all of them")
    for _ = 1, 5 do assert.equal(500, g:get("/").status) end
    g:wait_log("closed %-> open") -- an outcome is told when its answer has gone out already
    assert.equal("no_healthy_backend", g:get("/").headers["X-Lunette-Reason"])
  end)

  it("lets a breaker's probes begin when they call its instance up again, and not before", function()
    local it, spare, status = checked "it", checked "spare", 500
    it.up.handler = function(request)
      if request.target == "/health" then return it.check end
      return status, "it"
    end
    local g = start({ it, spare }, { breaker = { minRequests = 5, openFor = "1h", maxOpenFor = "1h" } })
    gate.eventually(function()
      g:get("/")
      return g:logged("closed %-> open")
    end, "the breaker")
    status = 200
    assert.same({ spare = true }, names(g, 12)) -- all checks succeed, as they have done all the time
    it.check = 500
    wait_down(g, it)
    it.check = 200
    g:wait_log("down %-> up")
    assert.same({ it = true, spare = true }, names(g, 12))
    g:wait_log("half%-open %-> closed")
  end)

  it("goes to backups first", function()
    local a, spare = checked "a", checked "spare"
    spare.instance = { url = spare.up.url, backup = true }
    local g = start({ a, spare }, {})
    assert.same({ a = true }, names(g, 6))
    a.check = 500
    wait_down(g, a)
    assert.same({ spare = true }, names(g, 6))
    spare.check = 500
    g:wait_log("only 0 of 2 instances are up")
    assert.same({ a = true }, names(g, 6))
  end)
end)


describe("a check without a path", function()
  after_each(gate.cleanup)

  it("opens a connection and sends nothing", function()
    local a, b = gate.upstream { name = "a" }, gate.upstream { name = "b" }
    local g = gate.proxy({ a, b }, { service = { health = { interval = "20ms", rise = 1, fall = 2 } } })
    a:wait_connections(3)
    a:wait_open(0)
    assert.equal(0, #a.requests)
    a:go_down()
    g:wait_log(literal(a.url) .. ": up %-> down %(2 checks failed: connection refused%)")
    assert.same({ b = true }, names(g, 6))
    a:come_back()
    g:wait_log(literal(a.url) .. ": down %-> up %(1 check succeeded%)")
    assert.same({ a = true, b = true }, names(g, 6))
  end)

  it("has its time, too", function()
    local b = gate.upstream { name = "b" }
    local hole = gate.black_hole()
    local g = gate.proxy({ hole, b }, { service = { health = { interval = "20ms", timeout = "60ms", fall = 1 } } })
    g:wait_log(literal(hole) .. ": up %-> down %(1 check failed: no connection in time%)")
    assert.same({ b = true }, names(g, 6))
  end)
end)
