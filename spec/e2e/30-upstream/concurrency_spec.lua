-- SPDX-License-Identifier: Apache-2.0
-- services[].concurrency with a fixed limit: exact over all workers, shed by priority, nobody waits.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a service with a limit of requests at once", function()
  after_each(gate.cleanup)

  -- An upstream that answers when it is told to, and knows how many requests it has at once.
  local function slow()
    local it = { now = 0, most = 0, may = 0, came = 0 }
    it.up = gate.upstream { handler = function(request)
      if request.target == "/fast" then return 200, "fast" end
      local turn = it.came + 1
      it.came, it.now = turn, it.now + 1
      it.most = math.max(it.most, it.now)
      gate.wait_until(function() return it.may >= turn end, "leave to answer", 20)
      it.now = it.now - 1
      return 200, request.target
    end }
    return it
  end

  local function start(it, options)
    options = options or {}
    options.workers = options.workers or 2
    options.service = options.service or { concurrency = { limit = 5 } }
    return gate.proxy(it.ups or it.up, options)
  end

  -- n requests at once; seen gathers what comes of them.
  local function ask(g, n, seen, path)
    for _ = 1, n do
      gate.go("client", function()
        local r = gate.client(g):get(path or "/held")
        seen[r.status] = (seen[r.status] or 0) + 1
        seen.last = r.status == 503 and r or seen.last
      end)
    end
  end

  local function limits(g)
    local r = g:cli("instances", "--control", g.control, "--json")
    return gate.json.decode(r.out).limits
  end

  it("has never more, over all workers, and never less while more come", function()
    local it, seen = slow(), {}
    local g = start(it)
    ask(g, 30, seen)
    gate.eventually(function() return seen[503] == 25 and it.now == 5 end, "five at work, the others refused")
    assert.equal("overloaded", seen.last.headers["X-Lunette-Reason"])
    assert.truthy(tonumber(seen.last.headers["Retry-After"]) >= 1)
    assert.same({ { service = "main", limit = 5, adaptive = false, in_flight = 5 } }, limits(g))
    it.may = 2
    gate.eventually(function() return seen[200] == 2 and limits(g)[1].in_flight == 3 end, "two places")
    ask(g, 2, seen)
    gate.eventually(function() return it.now == 5 end, "two more")
    assert.equal(503, g:get("/held").status)
    it.may = 100
    gate.eventually(function() return seen[200] == 7 and limits(g)[1].in_flight == 0 end, "all answers")
    assert.equal(5, it.most)
    assert.equal(200, g:get("/held").status)
  end)

  it("says so in the log once, and in the metrics", function()
    local it, seen = slow(), {}
    local g = start(it)
    ask(g, 12, seen)
    gate.eventually(function() return seen[503] == 7 end, "the others to be refused")
    g:wait_log("concurrency main: 5 of 5 requests in flight: requests of normal and low priority are refused")
    it.may = 100
    gate.eventually(function() return seen[200] == 5 end, "the answers")
    local _, times = g:log():gsub("concurrency main", "")
    assert.equal(1, times)
    local text = g:cli("metrics", "--control", g.control).out
    assert.matches('lunette_service_concurrency_limit{service="main"} 5\n', text, 1, true)
    assert.matches('lunette_service_shed_total{service="main",priority="normal"} 7\n', text, 1, true)
    assert.matches('lunette_service_shed_total{service="main",priority="high"} 0\n', text, 1, true)
    assert.matches("\nlunette_shed_total 7\n", text, 1, true)
  end)

  it("refuses before a request waits for an instance that is full", function()
    local it, seen = slow(), {}
    it.ups = { { url = it.up, maxConnections = 2 } }
    local g = start(it, { service = { concurrency = { limit = 4 }, queue = { timeout = "20s" } } })
    ask(g, 10, seen)
    gate.eventually(function() return seen[503] == 6 end, "those beyond the limit")
    assert.equal("overloaded", seen.last.headers["X-Lunette-Reason"])
    gate.eventually(function() return it.now == 2 end, "two at work, two wait")
    it.may = 100
    gate.eventually(function() return seen[200] == 4 end, "the answers")
    assert.equal(200, g:get("/held").status)
  end)

  it("sheds low ones first, and keeps room for high ones", function()
    local it, low, normal, high = slow(), {}, {}, {}
    local g = gate.start {
      workers = 2,
      services = { { name = "main", instances = { it.up }, concurrency = { limit = 10 } } },
      routes = [[
        get "/report" { to = "main", priority = "low" }
        get "/pay" { to = "main", priority = "high" }
        get "/*" { to = "main" }
      ]],
    }
    assert.equal(200, g:get("/fast").status)
    it.may = 1
    assert.equal(200, g:get("/pay").status) -- from now on a tenth is kept
    ask(g, 8, low, "/report")
    gate.eventually(function() return low[503] == 3 and it.now == 5 end, "half of the places")
    ask(g, 8, normal)
    gate.eventually(function() return normal[503] == 4 and it.now == 9 end, "all but a tenth")
    ask(g, 3, high, "/pay")
    gate.eventually(function() return high[503] == 2 and it.now == 10 end, "the last one")
    g:wait_log("requests of low priority are refused")
    g:wait_log("concurrency main: 10 of 10 requests in flight: requests are refused")
    it.may = 100
    gate.eventually(function() return low[200] == 5 and normal[200] == 4 and high[200] == 1 end, "the answers")
    assert.equal(200, g:get("/report").status)
  end)

  it("leaks no place when a worker is killed", function()
    local it, seen = slow(), {}
    local g = start(it, { workers = 1, expect = { "worker" } })
    for _ = 1, 5 do gate.client(g):send(gate.http.request("GET", "/held")) end
    gate.eventually(function() return it.now == 5 end, "five at work")
    assert.equal(503, g:get("/held").status)
    local dead = g:kill_worker(1)
    g:wait_workers(1, { dead })
    it.may = 100
    ask(g, 5, seen)
    gate.eventually(function() return seen[200] == 5 end, "five answers of the next worker")
    assert.equal(0, limits(g)[1].in_flight)
  end)

  it("counts what began before a reload", function()
    local it, seen = slow(), {}
    local function routes(limit)
      return ('local s = service "s" { instances = { %q }%s }\nget "/*" { to = s }')
        :format(it.up.url, limit and (", concurrency = { limit = %d }"):format(limit) or "")
    end
    local g = gate.start { workers = 2, routes = routes(3) }
    ask(g, 3, seen)
    gate.eventually(function() return it.now == 3 end, "three at work")
    g.dir:write("routes.lua", routes(4))
    assert.equal(0, g:reload().code)
    ask(g, 3, seen)
    gate.eventually(function() return seen[503] == 2 and it.now == 4 end, "one more, the others refused")
    g.dir:write("routes.lua", routes())
    assert.equal(0, g:reload().code)
    ask(g, 3, seen)
    gate.eventually(function() return it.now == 7 end, "all of them, without a limit")
    it.may = 100
    gate.eventually(function() return seen[200] == 7 end, "the answers")
    g.dir:write("routes.lua", routes(1))
    assert.equal(0, g:reload().code)
    gate.eventually(function() return limits(g)[1].in_flight == 0 end, "no place taken")
    assert.equal(200, g:get("/held").status)
  end)

  it("leaks no place when clients leave", function()
    local it = slow()
    local g = start(it)
    local clients = {}
    for i = 1, 5 do
      clients[i] = gate.client(g)
      clients[i]:send(gate.http.request("GET", "/held"))
    end
    gate.eventually(function() return it.now == 5 end, "five at work")
    for i = 1, 5 do clients[i]:reset() end
    gate.eventually(function() return limits(g)[1].in_flight == 0 end, "no place taken")
    it.may = 100
    assert.equal(200, g:get("/fast").status)
  end)
end)
