-- SPDX-License-Identifier: Apache-2.0
-- Standard plugins that try things out on real traffic: fault, mirror.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function metric(g, name)
  local r = g:cli("metrics", "--control", g.control)
  assert.equal(0, r.code, r.err)
  for line in r.out:gmatch("[^\n]+") do
    if line:sub(1, #name) == name then return tonumber(line:match("(%S+)$")) end
  end
  return 0
end


describe("fault", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.start {
      workers = 1, services = { { name = "main", instances = { up } } }, routes = [[
        local main = service "main"
        get "/broken" { to = main, use "fault" { abort = { status = 502 } } }
        get "/late" { to = main, use "fault" { delay = { time = "50ms" } } }
        get "/asked" { to = main, use "fault" { ask = true, only = { ["X-Test"] = "yes" } } }
        get "/held" { to = main, use "fault" { delay = { time = "1h" }, most = 1 } }
      ]],
    }
  end)
  teardown(gate.cleanup)

  it("answers in place of the service", function()
    local before = #up.requests
    local r = g:get("/broken")
    assert.equal(502, r.status)
    assert.equal("fault_injected", r.headers["X-Lunette-Reason"])
    assert.equal(before, #up.requests)
    assert.equal(1, metric(g, 'fault_injected_total{route="GET /broken",kind="abort"}'))
  end)

  it("holds a request for as long as it says", function()
    local began = gate.now()
    assert.equal(200, g:get("/late").status)
    assert.is_true(gate.now() - began >= 0.045)
  end)

  it("does what requests ask for, if they may", function()
    assert.equal(429, g:get("/asked", { headers = { "X-Test: yes", "X-Fault-Abort: 429" } }).status)
    assert.equal(200, g:get("/asked", { headers = { "X-Fault-Abort: 429" } }).status)
  end)

  it("holds as many as it may, and counts those no more whose clients have left", function()
    local name = 'fault_injected_total{route="GET /held",kind="delay"}'
    local first = gate.client(g)
    first:send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
    gate.eventually(function() return metric(g, name) == 1 end, "a request that is held")
    assert.equal(200, g:get("/held").status) -- no room for a second one
    first:reset()
    gate.eventually(function() -- the worker may not have noticed yet
      gate.client(g):send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
      return metric(g, name) == 2
    end, "room for another one")
  end)
end)


describe("mirror", function()
  after_each(gate.cleanup)

  -- A gateway whose route "/" has this use of mirror; the main service answers with the path.
  local function start(shadow, settings)
    local main = gate.upstream(function(request) return 200, request.target end)
    local g = gate.start {
      workers = 1,
      services = { { name = "main", instances = { main } }, { name = "shadow", instances = { shadow } } },
      routes = ([[any "/*" { to = "main", use "mirror" { service = "shadow", %s } }]]):format(settings or ""),
    }
    return g, main
  end

  local function counted(g, result)
    return metric(g, ('mirror_requests_total{route="ANY /*",result="%s"}'):format(result))
  end

  local function wait_counted(g, result, n)
    gate.eventually(function() return counted(g, result) == n end, ("%d %s"):format(n, result))
  end

  it("sends copies of requests, content included", function()
    local shadow = gate.upstream()
    local g, main = start(shadow, "read = true")
    assert.equal("/a%20b?x=%2F", g:get("/a%20b?x=%2F", { headers = { "User-Agent: me", "Cookie: a=1" } }).body)
    local copy = shadow:wait_requests(1)
    assert.same({ "GET", "/a%20b?x=%2F", "me", "1" },
      { copy.method, copy.target, copy.headers["User-Agent"], copy.headers["X-Shadow"] })
    assert.is_nil(copy.headers["Cookie"])
    assert.is_nil(copy.headers["Content-Length"])
    assert.equal(main:last().headers["X-Request-Id"], copy.headers["X-Request-Id"])
    assert.is_nil(main:last().headers["X-Shadow"])
    g:post("/items", ("x"):rep(40000))
    copy = shadow:wait_requests(2)
    assert.same({ "POST", ("x"):rep(40000), 40000 }, { copy.method, copy.body, #main:last().body })
    wait_counted(g, "sent", 2)
  end)

  it("lets content through that is too large or of unknown length, and sends no copy", function()
    local shadow = gate.upstream()
    local g, main = start(shadow, 'read = true, content = "1k"')
    assert.equal(200, g:post("/large", ("x"):rep(100000)).status)
    assert.equal(100000, #main:last().body)
    local c = gate.client(g)
    c:send("POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert.equal(200, c:read("POST").status)
    assert.equal("abc", main:last().body)
    wait_counted(g, "skipped", 2)
    assert.equal(0, #shadow.requests)
  end)

  it("never mirrors a copy", function()
    local shadow = gate.upstream()
    local g = start(shadow)
    g:get("/copy", { headers = { "X-Shadow: 1" } })
    g:get("/real")
    assert.equal("/real", shadow:wait_requests(1).target)
    wait_counted(g, "sent", 1)
    assert.equal(1, #shadow.requests)
  end)

  it("does not keep the client waiting for a shadow that is silent, and bounds what is under way", function()
    local answer = gate.gate()
    local shadow = gate.upstream(function()
      answer:wait()
      return 200
    end)
    local g = start(shadow, "most = 2")
    local c = gate.client(g)
    for i = 1, 5 do -- on one connection: it is not held either
      c:send(("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"):format(i))
      assert.equal("/" .. i, c:read("GET").body)
    end
    wait_counted(g, "dropped", 3)
    shadow:wait_requests(2)
    answer:open()
    wait_counted(g, "sent", 2)
    g:get("/6")
    wait_counted(g, "sent", 3)
  end)

  it("gives up a copy after its time-out", function()
    local shadow = gate.upstream(function(_, connection) connection:wait_end() end)
    local g = start(shadow, 'timeout = "50ms", most = 1')
    assert.equal(200, g:get("/").status)
    wait_counted(g, "failed", 1)
  end)

  it("does not let the client feel a shadow that is down", function()
    local shadow = gate.upstream { down = true }
    local g = start(shadow)
    for i = 1, 3 do
      assert.equal(200, g:get("/").status)
      wait_counted(g, "failed", i)
    end
    shadow:come_back()
    gate.eventually(function()
      g:get("/")
      return #shadow.requests > 0
    end, "a copy", 20)
  end)

  it("is ended with the gateway, and holds nothing up", function()
    local shadow = gate.upstream(function(_, connection) connection:wait_end() end)
    local g = start(shadow, 'timeout = "1m"')
    g:get("/")
    shadow:wait_requests(1)
    g:stop()
  end)
end)
