-- SPDX-License-Identifier: Apache-2.0
-- What `lunette metrics` tells of services and instances, over all workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- sample -> number
local function metrics(g)
  local r = g:cli("metrics", "--control", g.control)
  assert.equal(0, r.code, r.err)
  local samples = {}
  for sample, n in r.out:gmatch("\n(lunette_[^\n]*) ([^ \n]+)") do samples[sample] = tonumber(n) end
  return samples
end


-- A function of name and further labels: the number of that instance.
local function of_instance(g, up)
  local samples = metrics(g)
  return function(name, labels)
    return samples[('lunette_instance_%s{service="main",instance="%s"%s}'):format(name, up.url,
      labels and "," .. labels or "")]
  end
end


describe("the metrics of instances", function()
  after_each(gate.cleanup)

  it("tell attempts by their outcome, and each move of the breaker once", function()
    local answer = 200
    local up = gate.upstream(function() return answer, "x" end)
    local dead = gate.upstream { down = true }
    local g = gate.proxy({ up, { url = dead, backup = true } }, { workers = 2, service = {
      breaker = { minRequests = 5, failureRatio = 0.5, openFor = ("%dms"):format(1000 * gate.slow), probes = 2 } } })
    for _ = 1, 5 do assert.equal(200, g:get("/").status) end
    answer = 500
    for _ = 1, 5 do assert.equal(500, g:get("/").status) end
    assert.equal(502, g:get("/").status) -- the backup
    local now = of_instance(g, up)
    assert.equal(10, now("attempts_total", 'outcome="ok"'))
    assert.equal(5, now("bad_statuses_total"))
    assert.equal(1, now("breaker_state", 'state="open"'))
    assert.equal(0, now("breaker_state", 'state="closed"'))
    assert.equal(1, now("state", 'state="open"'))
    assert.equal(1, now("breaker_changes_total", 'to="open"'))
    local of_dead = of_instance(g, dead)
    assert.equal(1, of_dead("attempts_total", 'outcome="connect_failed"'))
    assert.equal(1, of_dead("health_changes_total", 'by="requests",to="down"'))
    assert.equal(1, of_dead("state", 'state="down"'))
    answer = 200
    gate.eventually(function() return g:get("/").status == 200 end, "a probe")
    gate.eventually(function()
      g:get("/")
      now = of_instance(g, up)
      return now("breaker_state", 'state="closed"') == 1
    end, "the end of it")
    assert.equal(1, now("breaker_changes_total", 'to="half-open"'))
    assert.equal(1, now("breaker_changes_total", 'to="closed"'))
    assert.is_true(now("latency_seconds") > 0)
    assert.equal(2, metrics(g)['lunette_service_instances{service="main",state="up"}']
      + metrics(g)['lunette_service_instances{service="main",state="down"}'])
  end)

  it("go on over a reload and the death of a worker", function()
    local up = gate.upstream()
    local g = gate.proxy(up, { workers = 2, expect = { "killed" } })
    for _ = 1, 10 do g:get("/") end
    assert.equal(0, g:reload().code)
    local old = g:workers()
    for _, pid in ipairs(old) do gate.process.kill(pid, gate.process.KILL) end
    g:wait_workers(2, old)
    for _ = 1, 10 do g:get("/") end
    gate.eventually(function()
      return of_instance(g, up)("attempts_total", 'outcome="ok"') == 20
    end, "all twenty")
  end)

  it("tell what checks have found", function()
    local status = 200
    local up = gate.upstream(function() return status end)
    local g = gate.proxy(up, { service = { panicThreshold = 0,
      health = { path = "/health", interval = "50ms", jitter = 0, fall = 1, rise = 1 } } })
    gate.eventually(function() return of_instance(g, up)("checks_total", 'result="ok"') >= 2 end, "checks")
    status = 500
    g:wait_log("up %-> down")
    local now = of_instance(g, up)
    assert.is_true(now("checks_total", 'result="failed"') >= 1)
    assert.equal(1, now("health_changes_total", 'by="checks",to="down"'))
    assert.equal(1, now("state", 'state="unhealthy"'))
    status = 200
    g:wait_log("down %-> up")
    assert.equal(1, of_instance(g, up)("health_changes_total", 'by="checks",to="up"'))
    assert.equal(200, g:get("/").status)
  end)

  local function of_service(g, name, labels)
    return metrics(g)[('lunette_service_%s{service="main"%s}'):format(name, labels or "")]
  end

  it("tell what is repeated, and what the budget refuses", function()
    local up = gate.upstream(function() return 503 end)
    local g = gate.proxy(up, { workers = 1, service = { breaker = "off",
      retries = { tries = 2, statuses = { 503 }, backoff = { base = 0 }, budget = 0 } } })
    for _ = 1, 60 do assert.equal(503, g:get("/").status) end
    local retries = of_service(g, "retries_total")
    assert.equal(#up.requests - 60, retries)
    assert.is_true(retries >= 10, retries .. " retries")
    assert.equal(60 - retries, of_service(g, "retries_refused_total"))
  end)

  it("tell who waits, and who was turned away", function()
    local hold = gate.gate()
    local up = gate.upstream(function(request)
      if request.target == "/held" then hold:wait() end
      return 200
    end)
    local g = gate.proxy({ { url = up, maxConnections = 1 } },
      { workers = 1, service = { queue = { max = 1, timeout = "30s" } } })
    local first = gate.client(g):send(gate.http.request("GET", "/held"))
    gate.eventually(function() return of_service(g, "requests_in_flight") == 1 end, "the first")
    local second = gate.client(g):send(gate.http.request("GET", "/"))
    gate.eventually(function() return of_service(g, "queue_length") == 1 end, "the second")
    assert.equal("no_capacity", g:get("/").headers["X-Lunette-Reason"])
    assert.equal(1, of_service(g, "queue_refused_total", ',reason="full"'))
    hold:open()
    assert.equal(200, first:read().status)
    assert.equal(200, second:read().status)
    assert.equal(0, of_service(g, "queue_length"))
    assert.equal(0, of_service(g, "queue_refused_total", ',reason="timeout"'))
  end)

  it("tell who has waited in vain", function()
    local hold = gate.gate()
    local up = gate.upstream(function(request)
      if request.target == "/held" then hold:wait() end
      return 200
    end)
    local g = gate.proxy({ { url = up, maxConnections = 1 } },
      { workers = 1, service = { queue = { max = 1, timeout = "50ms" } } })
    local first = gate.client(g):send(gate.http.request("GET", "/held"))
    gate.eventually(function() return of_service(g, "requests_in_flight") == 1 end, "the first")
    assert.equal("no_capacity", g:get("/").headers["X-Lunette-Reason"])
    assert.equal(1, of_service(g, "queue_refused_total", ',reason="timeout"'))
    hold:open()
    assert.equal(200, first:read().status)
    assert.equal(200, g:get("/").status)
  end)
end)
