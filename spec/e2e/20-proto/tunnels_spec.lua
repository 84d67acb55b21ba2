-- SPDX-License-Identifier: Apache-2.0
-- Upgraded connections (WebSockets and the like): bytes both ways, untouched, as long as both want.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local REQUEST = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
  .. "Sec-WebSocket-Key: k\r\n\r\n"
local SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
  .. "Sec-WebSocket-Accept: a\r\n\r\n"


-- An upstream that switches and hands the connection to `talk`; and one that has switched, at both ends.
local function upgrading(talk, options)
  local up = gate.upstream(function(request, connection)
    if request.target ~= "/ws" then return 200, "plain" end
    connection:send(SWITCH)
    talk(connection, request)
    connection:close()
  end)
  return up, gate.proxy(up, options)
end


local function echo(connection)
  while true do
    local bytes = connection:recv(nil, 60)
    if bytes == "" then break end
    connection:send(bytes, 60)
  end
end


local function opened(g)
  local c = gate.client(g):send(REQUEST)
  local head = c:read_head()
  assert.equal(101, head.status)
  return c, head
end


describe("an upgraded connection", function()
  after_each(gate.cleanup)

  it("begins with the upstream's 101 and its fields", function()
    local up, g = upgrading(echo)
    local _, head = opened(g)
    assert.equal("a", head.headers["Sec-WebSocket-Accept"])
    assert.equal("websocket", head.headers["Upgrade"])
    assert.equal("upgrade", head.headers["Connection"]:lower())
    assert.equal("websocket", up:last().headers["Upgrade"])
    assert.equal("upgrade", up:last().headers["Connection"]:lower())
    assert.equal("k", up:last().headers["Sec-WebSocket-Key"])
  end)

  it("carries bytes both ways, whatever they look like", function()
    local _, g = upgrading(echo)
    local c = opened(g)
    for _, bytes in ipairs { "hello", "\0\1\255", "GET / HTTP/1.1\r\n\r\n", "0\r\n\r\n" } do
      c:send(bytes)
      assert.equal(bytes, c.socket:read_exactly(#bytes))
    end
  end)

  it("carries what either side sends at once", function()
    local _, g = upgrading(function(connection)
      connection:send("early")
      echo(connection)
    end)
    local c = gate.client(g):send(REQUEST .. "eager")
    assert.equal(101, c:read_head().status)
    assert.equal("earlyeager", c.socket:read_exactly(10))
  end)

  it("carries megabytes both ways at the same time", function()
    local _, g = upgrading(echo)
    local c = opened(g)
    local body = gate.pattern(4 * 1048576)
    local sender = gate.go("sender", function()
      c.socket:send(body, 30)
      c:half_close()
    end)
    assert.is_true(c.socket:read_all(30) == body)
    sender:join()
  end)

  it("ends when the instance ends it", function()
    local _, g = upgrading(function(connection) connection:send("bye") end)
    local c = opened(g)
    assert.equal("bye", (c.socket:read_all()))
  end)

  it("ends when the client ends it, cleanly or not", function()
    local up, g = upgrading(echo)
    opened(g):close()
    up:wait_open(0)
    opened(g):reset()
    up:wait_open(0)
  end)

  it("may be closed in one direction", function()
    local _, g = upgrading(function(connection)
      local all = connection:read_all()
      connection:send("got " .. all)
    end)
    local c = opened(g):send("everything")
    c:half_close()
    assert.equal("got everything", (c.socket:read_all()))
  end)

  it("is never lent to anybody else", function()
    local up, g = upgrading(function(connection) connection:send("bye") end)
    opened(g).socket:read_all()
    assert.equal("plain", g:get("/").body)
    assert.equal(2, up.accepted)
  end)

  it("ends after timeouts.tunnel of silence", function()
    local up, g = upgrading(echo, { gateway = { timeouts = { tunnel = "800ms" } } })
    local c = opened(g)
    for _ = 1, 5 do -- longer than that in all, and each silence is far shorter
      c:send("x")
      assert.equal("x", c.socket:read_exactly(1))
      gate.pause(0.2)
    end
    c.socket:read_all()
    up:wait_open(0)
  end)

  it("is not bound by the timeouts of exchanges", function()
    local _, g = upgrading(echo, { gateway = { timeout = "400ms", timeouts = { idle = "400ms", body = "400ms" } } })
    local c = opened(g)
    gate.pause(1)
    c:send("still here")
    assert.equal("still here", c.socket:read_exactly(10))
  end)

  it("survives reloads", function()
    local _, g = upgrading(echo)
    local c = opened(g)
    for i = 1, 3 do
      assert.equal(0, g:reload().code)
      c:send("after " .. i)
      assert.equal("after " .. i, c.socket:read_exactly(7))
    end
  end)

  it("is ended by drainTimeout", function()
    local _, g = upgrading(echo, { gateway = { drainTimeout = "300ms" } })
    local c = opened(g)
    g:signal(gate.process.TERM)
    assert.equal(0, g:wait_exit())
    c.socket:read_all()
  end)
end)
