-- SPDX-License-Identifier: Apache-2.0
-- Connections to instances: kept, lent again, thrown away when they are not clean.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the pool", function()
  after_each(gate.cleanup)

  it("serves one request after the other over one connection", function()
    local up = gate.upstream()
    local g = gate.proxy(up)
    for _ = 1, 20 do g:get("/") end
    assert.equal(1, up.accepted)
  end)

  it("serves clients at once over as many connections", function()
    local met = gate.barrier(5, "five requests")
    local up = gate.upstream(function()
      met:meet()
      return 200, ""
    end)
    local g = gate.proxy(up)
    local tasks = {}
    for i = 1, 5 do tasks[i] = gate.go("client", function() return g:get("/").status end) end
    for _, task in ipairs(tasks) do assert.equal(200, task:join()) end
    assert.equal(5, up.accepted)
    met.count = 0
    for _ = 1, 5 do g:get("/") end
    assert.equal(5, up.accepted)
  end)

  it("lends the one that was used last", function()
    local met = gate.barrier(3)
    local up = gate.upstream(function()
      met:meet()
      return 200, ""
    end)
    local g = gate.proxy(up)
    local tasks = {}
    for i = 1, 3 do tasks[i] = gate.go("client", function() return g:get("/").status end) end
    for _, task in ipairs(tasks) do task:join() end
    g:get("/")
    local number = up:last().connection
    for _ = 1, 5 do
      g:get("/")
      assert.equal(number, up:last().connection)
    end
  end)

  it("keeps no connection that the instance wants closed", function()
    local up = gate.upstream(function() return 200, "", { Connection = "close" } end)
    local g = gate.proxy(up)
    for _ = 1, 3 do g:get("/") end
    assert.equal(3, up.accepted)
    up:wait_open(0)
  end)

  it("keeps none of HTTP/1.0", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
    end)
    local g = gate.proxy(up)
    for _ = 1, 2 do g:get("/") end
    assert.equal(2, up.accepted)
  end)

  it("sees at once when an idle connection is closed", function()
    local up = gate.upstream()
    local g = gate.proxy(up)
    g:get("/")
    up:close_connections()
    assert.equal(200, g:post("/", "x").status)
    assert.equal(2, #up.requests)
  end)

  it("throws a connection away whose exchange the client left", function()
    local open = gate.gate("the answer")
    local up = gate.upstream(function(request)
      if request.target == "/left" then open:wait() end
      return 200, request.target
    end)
    local g = gate.proxy(up)
    local c = gate.client(g):send(gate.http.request("GET", "/left"))
    up:wait_requests(1)
    c:reset()
    gate.eventually(function() return not up.connections[1].socket:is_silent(0) end, "the close")
    open:open()
    assert.equal("/next", g:get("/next").body)
    assert.equal(2, up.accepted)
  end)

  it("idle: keeps no more than so many", function()
    local met = gate.barrier(4)
    local up = gate.upstream(function()
      met:meet()
      return 200, ""
    end)
    local g = gate.proxy(up, { service = { pool = { idle = 1 } } })
    local tasks = {}
    for i = 1, 4 do tasks[i] = gate.go("client", function() return g:get("/").status end) end
    for _, task in ipairs(tasks) do task:join() end
    up:wait_open(1)
  end)

  it("idleTimeout: closes what nobody used", function()
    local up = gate.upstream()
    local g = gate.proxy(up, { service = { pool = { idleTimeout = "150ms" } } })
    g:get("/")
    assert.equal(1, up.open)
    up:wait_open(0)
    assert.equal(200, g:get("/").status)
  end)

  it("honours Keep-Alive: timeout= of the instance", function()
    local up = gate.upstream(function() return 200, "", { ["Keep-Alive"] = "timeout=1" } end)
    local g = gate.proxy(up)
    g:get("/")
    up:wait_open(0)
  end)

  -- The kernel's timer of the connection, from its table: 2 is that of keep-alive.
  local function kernel_timer(up)
    local wanted = (" 0100007F:%04X "):format(up.port)
    for line in io.lines("/proc/net/tcp") do
      if line:find("^ *%d+: %S+" .. wanted .. "01 ") then return line:match(" %x+:%x+ (%x%x):") end
    end
  end

  it("asks the kernel to watch idle connections (gateway.tcp.keepAlive)", function()
    local up = gate.upstream()
    gate.proxy(up):get("/")
    assert.equal("02", kernel_timer(up))
    local quiet = gate.upstream()
    gate.proxy(quiet, { gateway = { tcp = { keepAlive = 0 } } }):get("/")
    assert.equal("00", kernel_timer(quiet))
  end)

  it("is per instance", function()
    local ups = { gate.upstream(), gate.upstream() }
    local g = gate.proxy(ups)
    for _ = 1, 20 do g:get("/") end
    assert.equal(1, ups[1].accepted)
    assert.equal(1, ups[2].accepted)
  end)

  it("survives a reload", function()
    local up = gate.upstream()
    local g = gate.proxy(up)
    g:get("/")
    assert.equal(0, g:reload().code)
    g:get("/")
    assert.equal(1, up.accepted)
  end)
end)
