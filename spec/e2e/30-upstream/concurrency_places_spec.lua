-- SPDX-License-Identifier: Apache-2.0
-- services[].concurrency: for how long a request counts, whatever becomes of it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local UPGRADE = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
local SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
local STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
  .. "3\r\na\n\n\r\n"
local ONE_LEARNED = { limit = "auto", min = 1, max = 1, initial = 1 }


describe("a request that counts for its service's limit", function()
  after_each(gate.cleanup)

  local function in_flight(g)
    local r = g:cli("instances", "--control", g.control, "--json")
    return gate.json.decode(r.out).limits[1].in_flight
  end

  -- Tunnels that say nothing, streams whose end does not come before `hold` opens, and plain answers.
  local function endless(hold)
    return gate.upstream(function(request, connection)
      if request.target == "/ws" then
        connection:send(SWITCH)
        hold:wait()
        connection:close()
      elseif request.target == "/events" then
        connection:send(STREAM)
        hold:wait()
        connection:send("0\r\n\r\n")
      else
        return 200, "plain"
      end
    end)
  end

  it("has a place as long as its stream or tunnel lasts", function()
    for _, bytes in ipairs { UPGRADE, gate.http.request("GET", "/events") } do
      local hold = gate.gate()
      local g = gate.proxy(endless(hold), { workers = 2, service = { concurrency = { limit = 1 } } })
      local c = gate.client(g):send(bytes)
      c:read_head()
      assert.equal(503, g:get("/plain").status)
      assert.equal(1, in_flight(g))
      hold:open()
      c:half_close()
      gate.eventually(function() return in_flight(g) == 0 end, "the place")
      assert.equal(200, g:get("/plain").status)
    end
  end)

  it("has one until the head of its response, where the limit is learned", function()
    for _, bytes in ipairs { UPGRADE, gate.http.request("GET", "/events") } do
      local hold = gate.gate()
      local g = gate.proxy(endless(hold), { workers = 2, service = { concurrency = ONE_LEARNED } })
      local c = gate.client(g):send(bytes)
      c:read_head()
      assert.equal(0, in_flight(g))
      assert.equal(200, g:get("/plain").status)
      hold:open()
      gate.eventually(function() return g:get("/plain").status == 200 end, "a plain answer")
      assert.equal(0, in_flight(g))
    end
  end)

  it("keeps its place over repeats, and takes no second", function()
    for _, limited in ipairs { { limit = 1 }, ONE_LEARNED } do
      local hold = gate.gate()
      local bad = gate.upstream(function() return 503, "busy" end)
      local good = gate.upstream(function() hold:wait() return 200, "good" end)
      local g = gate.proxy({ bad, good }, { workers = 2, service = {
        concurrency = limited, breaker = "off", retries = { statuses = "503", backoff = { base = "1ms", max = "1ms" } },
      } })
      local c = gate.client(g):send(gate.http.request("GET", "/"))
      good:wait_requests(1)
      assert.equal(1, in_flight(g))
      assert.equal("overloaded", g:get("/").headers["X-Lunette-Reason"])
      hold:open()
      assert.equal(200, c:read().status)
      gate.eventually(function() return in_flight(g) == 0 end, "the place")
      assert.equal(200, g:get("/").status)
    end
  end)

  it("gives it back when nobody can be reached", function()
    local dead = gate.upstream { down = true }
    local g = gate.proxy(dead, { workers = 2, service = { concurrency = { limit = 1 } } })
    for _ = 1, 5 do assert.not_equal("overloaded", g:get("/").headers["X-Lunette-Reason"]) end
    assert.equal(0, in_flight(g))
    dead:come_back()
    gate.eventually(function() return g:get("/").status == 200 end, "it to be asked again")
  end)

  it("may be a plugin's", function()
    local hold = gate.gate()
    local up = gate.upstream(function(request)
      if request.target == "/held" then hold:wait() end
      return 200, request.target
    end)
    local g = gate.start {
      workers = 2,
      services = { { name = "main", instances = { up }, concurrency = { limit = 1 } } },
      routes = [[
        get "/call" { function()
          local r, err = http.get { service = "main", path = "/held" }
          return 200, r and r.body or err
        end }
        get "/*" { to = "main" }
      ]],
    }
    local c = gate.client(g):send(gate.http.request("GET", "/call"))
    up:wait_requests(1)
    assert.equal(503, g:get("/plain").status)
    assert.equal("main has as many requests as it is given at once", g:get("/call").body)
    hold:open()
    assert.equal("/held", c:read().body)
    gate.eventually(function() return in_flight(g) == 0 end, "the place")
    assert.equal(200, g:get("/plain").status)
  end)

  it("has the priority that a plugin gives it", function()
    local hold = gate.gate()
    local up = gate.upstream(function(request)
      if request.target == "/held" then hold:wait() end
      return 200, "good"
    end)
    local g = gate.start {
      workers = 2,
      services = { { name = "main", instances = { up }, concurrency = { limit = 2 }, priority = "low" } },
      routes = [[
        get "/*" { to = "main", function(req)
          local wanted = req.headers["X-Priority"]
          if wanted then req.priority = wanted end
        end }
      ]],
    }
    local c = gate.client(g):send(gate.http.request("GET", "/held"))
    up:wait_requests(1)
    assert.equal(503, g:get("/").status)
    assert.equal(200, g:get("/", { headers = { "X-Priority: normal" } }).status)
    hold:open()
    assert.equal(200, c:read().status)
    gate.eventually(function() return g:get("/").status == 200 end, "low ones to be served again")
  end)
end)
