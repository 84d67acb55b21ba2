-- SPDX-License-Identifier: Apache-2.0
-- pool.max: connections that a worker has to an instance at most, and requests that wait for one.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("pool.max", function()
  after_each(gate.cleanup)

  -- An upstream that answers when it may, and knows the most connections it had at once.
  local function slow()
    local it = { most = 0, may = 0, answered = 0 }
    it.up = gate.upstream { handler = function(request)
      it.most = math.max(it.most, it.up.open)
      gate.wait_until(function() return it.may > it.answered end, "leave to answer", 20)
      it.answered = it.answered + 1
      return 200, request.target
    end }
    return it
  end

  local function ask(g, n, seen)
    for i = 1, n do
      gate.go("client", function()
        local r = gate.client(g):get("/" .. i)
        seen[r.status] = (seen[r.status] or 0) + 1
        seen.last = r
      end)
    end
  end

  it("bounds connections; requests wait, and all are served over those", function()
    local it, seen = slow(), {}
    local g = gate.proxy(it.up, { service = { pool = { max = 2 }, queue = { timeout = "20s" } } })
    ask(g, 10, seen)
    it.up:wait_requests(2)
    it.may = 100
    gate.eventually(function() return seen[200] == 10 end, "all answers")
    assert.equal(2, it.most)
    assert.equal(2, it.up.accepted)
  end)

  it("keeps nobody waiting for longer than queue.timeout, nor more than queue.max", function()
    local it, seen = slow(), {}
    local g = gate.proxy(it.up, { service = { pool = { max = 1 }, queue = { max = 2, timeout = "200ms" } } })
    ask(g, 5, seen)
    gate.eventually(function() return seen[503] == 4 end, "those that waited in vain")
    assert.equal("no_capacity", seen.last.headers["X-Lunette-Reason"])
    it.may = 100
    gate.eventually(function() return seen[200] == 1 end, "the other")
    assert.equal(200, g:get("/").status)
    assert.equal(1, it.up.accepted)
  end)

  it("passes on to instances that have one to spare", function()
    local it, other = slow(), gate.upstream { name = "other" }
    local g = gate.proxy({ it.up, other }, { service = { pool = { max = 1 } } })
    local held = {}
    ask(g, 1, held)
    it.up:wait_requests(1)
    for _ = 1, 5 do assert.equal("other", g:get("/").body) end
    it.may = 100
    gate.eventually(function() return held[200] == 1 end, "the first")
  end)

  it("counts the connections of upgraded requests", function()
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/ws" then return 200, "plain" end
      connection:send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
      connection:wait_end()
      connection:close()
    end)
    local g = gate.proxy(up, { service = { pool = { max = 1 }, queue = { timeout = "150ms" } } })
    local c = gate.client(g)
    c:send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    assert.equal(101, c:read_head().status)
    assert.equal(503, g:get("/").status)
    c:close()
    gate.eventually(function() return g:get("/").status == 200 end, "the place")
  end)

  it("stands in the way of no repeat", function()
    local tries = 0
    local up = gate.upstream(function(request, connection)
      tries = tries + 1
      if request.target == "/reset" and tries == 2 then return connection:reset() end
      if request.target == "/busy" and tries == 2 then return 503, "" end
      return 200, tostring(tries)
    end)
    local g = gate.proxy(up, { service = {
      pool = { max = 1 }, queue = { timeout = "150ms" }, retries = { statuses = 503 } } })
    for _, target in ipairs { "/reset", "/first" } do
      tries = 0
      g:get("/first")
      assert.equal(200, g:get(target).status)
    end
    -- The answer that is there holds the only connection: it is the best that can be had.
    tries = 1
    assert.equal(503, g:get("/busy").status)
    up:close_connections()
    assert.equal(200, g:post("/", "x").status)
  end)

  it("makes room for those whose connections cannot be shared", function()
    local up = gate.upstream { script = function(connection)
      connection.socket:read_until("\r\n")
      connection:read_request()
      connection:respond(200, "announced")
      connection:wait_end()
    end }
    local g = gate.proxy(up, { service = { pool = { max = 1 }, proxyProtocol = "v1" } })
    for _ = 1, 3 do assert.equal("announced", g:get("/").body) end
    assert.equal(3, up.accepted)
  end)

  it("is a bound of each worker, and survives its death", function()
    local it, seen = slow(), {}
    local g = gate.proxy(it.up, { workers = 1, expect = { "worker" },
      service = { pool = { max = 1 }, queue = { timeout = "20s" } } })
    gate.client(g):send(gate.http.request("GET", "/"))
    it.up:wait_requests(1)
    local dead = g:kill_worker(1)
    g:wait_workers(1, { dead })
    it.may = 100
    ask(g, 3, seen)
    gate.eventually(function() return seen[200] == 3 end, "the answers of the next worker")
  end)
end)
