-- SPDX-License-Identifier: Apache-2.0
-- `lunette instances`: how each instance is, as all workers see it together.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function ask(g, ...)
  return g:cli("instances", "--control", g.control, ...)
end


-- url -> row
local function rows(g, ...)
  local r = ask(g, "--json", ...)
  assert.equal(0, r.code, r.err)
  local by_url = {}
  for _, row in ipairs(gate.json.decode(r.out).instances) do by_url[row.url] = row end
  return by_url
end


describe("lunette instances", function()
  after_each(gate.cleanup)

  it("tells state, weight, requests in flight and latency over all workers", function()
    local hold = gate.gate()
    local a = gate.upstream(function(request)
      if request.target == "/held" then hold:wait() end
      return 200, "a"
    end)
    local spare = gate.upstream()
    local g = gate.proxy({ { url = a, weight = 5 }, { url = spare, backup = true } },
      { workers = 2, service = { strategy = "weighted_round_robin" } })
    local first = rows(g)[a.url]
    assert.equal("up", first.state)
    assert.equal(0, first.active)
    assert.equal(gate.json.null, first.latency)
    assert.equal(gate.json.null, first.last_error)
    assert.equal(gate.json.null, first.checks)
    for _ = 1, 3 do gate.client(g):send(gate.http.request("GET", "/held")) end
    a:wait_requests(3)
    local row = rows(g)[a.url]
    assert.same({ "main", "up", 5, 3, false },
      { row.service, row.state, row.weight, row.active, row.backup })
    assert.is_true(rows(g)[spare.url].backup)
    hold:open()
    gate.eventually(function() return rows(g)[a.url].active == 0 end, "nothing in flight")
    assert.is_true(rows(g)[a.url].latency > 0)
  end)

  it("tells who is down, whose breaker is open, and why", function()
    local dead, broken = gate.upstream { down = true }, gate.upstream(function() return 500 end)
    local g = gate.proxy({ dead, broken }, { service = { breaker = { minRequests = 5, openFor = "30s" } } })
    for _ = 1, 6 do g:get("/") end
    local seen = rows(g)
    assert.equal("down", seen[dead.url].state)
    assert.equal("the connection could not be opened", seen[dead.url].last_error)
    assert.equal("open", seen[broken.url].state)
    assert.equal("open", seen[broken.url].breaker)
    assert.equal("status 500", seen[broken.url].last_error)
    assert.is_true(seen[broken.url].last_error_age < 60)
  end)

  it("tells what checks say, and when they are not heeded", function()
    local a, b = gate.upstream(), gate.upstream()
    local answer = 503
    a.handler = function() return answer end
    local health = { path = "/health", interval = "20ms", fall = 1, rise = 1 }
    local g = gate.proxy({ a, b }, { service = { health = health } })
    g:wait_log("up %-> down")
    local row = rows(g)[a.url]
    assert.same({ "unhealthy", "down", "check: status 503" }, { row.state, row.checks, row.last_error })
    assert.same({ "up", "up" }, { rows(g)[b.url].state, rows(g)[b.url].checks })
    b:go_down()
    g:wait_log("requests go to all of them")
    assert.equal("up", rows(g)[a.url].state)
    assert.equal("down", rows(g)[a.url].checks)
    assert.matches("panic", ask(g).out)
    answer = 200
    g:wait_log("enough instances are up")
    assert.equal("up", rows(g)[a.url].checks)
  end)

  it("takes the name of a service, and knows the nearest", function()
    local a, b = gate.upstream(), gate.upstream()
    local g = gate.start { services = {
      { name = "users", path = "/users", instances = { a } },
      { name = "orders", path = "/orders", instances = { b } },
    } }
    assert.same({ a.url, b.url }, { rows(g)[a.url].url, rows(g)[b.url].url })
    assert.is_nil(rows(g, "users")[b.url])
    assert.equal("users", rows(g, "users")[a.url].service)
    local wrong = ask(g, "user")
    assert.equal(1, wrong.code)
    assert.equal('no service "user", did you mean "users"?\n', wrong.err)
    assert.equal(2, ask(g, "users", "orders").code)
    local text = ask(g, "orders")
    assert.equal(0, text.code)
    assert.matches("^orders\n  instance +state +weight +active +latency\n", text.out)
    assert.is_truthy(text.out:find(b.url, 1, true))
    assert.is_nil(text.out:find(a.url, 1, true))
  end)

  it("tells what the operator has said", function()
    local a, b = gate.upstream(), gate.upstream()
    local g = gate.proxy({ a, b })
    assert.equal(0, gate.run("weight", "main", b.url, "9", "--control", g.control).code)
    for verb, state in pairs { drain = "draining", disable = "disabled" } do
      assert.equal(0, gate.run(verb, "main", a.url, "--control", g.control).code)
      assert.equal(state, rows(g)[a.url].state)
    end
    assert.same({ "up", 9 }, { rows(g)[b.url].state, rows(g)[b.url].weight })
    assert.equal(0, gate.run("enable", "main", a.url, "--control", g.control).code)
    assert.equal("up", rows(g)[a.url].state)
  end)

  it("follows a reload", function()
    local a, b = gate.upstream(), gate.upstream()
    local g = gate.proxy({ a, b })
    local text = g.dir:read("gateway.yaml")
    local literal = b.url:gsub("%p", "%%%0")
    local heavy = '{"url": "' .. b.url .. '", "weight": 7}'
    g.dir:write("gateway.yaml", (text:gsub('"' .. literal .. '"', heavy)))
    assert.equal(0, g:reload().code)
    gate.eventually(function() return rows(g)[b.url].weight == 7 end, "the new weight")
    g.dir:write("gateway.yaml", (text:gsub(', "' .. literal .. '"', "")))
    assert.equal(0, g:reload().code)
    assert.is_nil(rows(g)[b.url])
    assert.equal("up", rows(g)[a.url].state)
  end)
end)
