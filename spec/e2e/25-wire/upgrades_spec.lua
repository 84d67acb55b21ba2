-- SPDX-License-Identifier: Apache-2.0
-- Upgrades that somebody gets wrong: a tunnel exists only after a client asked, and an instance agreed, to the same thing.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ASK = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


local function start(answer, options)
  local up = gate.upstream(function(request, connection)
    if request.path ~= "/ws" then return 200, request.target end
    connection:send(answer)
    if not answer:find("^HTTP/1.1 101") then return end
    connection:read_all(20)
    connection:close()
  end)
  return gate.proxy(up, options), up
end


describe("a tunnel is not opened", function()
  after_each(gate.cleanup)

  local function is_bad(answer, ask, options)
    local g, up = start(answer, options)
    local c = gate.client(g)
    local r = c:send(ask or ASK):read()
    assert.equal(502, r.status)
    up:wait_open(0)
    assert.equal("/clean", g:get("/clean").body)
    return c, g, up
  end

  it("by a 101 that nobody asked for", function()
    is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
    "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n")
  end)

  it("by a 101 that names no protocol", function()
    is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\nhello")
  end)

  it("by a 101 to a protocol that was not offered (RFC 9110 section 7.8)", function()
    is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nhello")
  end)

  it("by a 101 to a client of HTTP/1.0", function()
    is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello", (ASK:gsub("HTTP/1.1",
    "HTTP/1.0")))
  end)

  it("for h2c, in whatever list or case", function()
    for _, offer in ipairs { "h2c", "H2C", "h2c, websocket", "websocket, h2c", "h2c-14", "TLS/1.0", "HTTP/2.0" } do
      is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nhello", (ASK:gsub("Upgrade: websocket",
      "Upgrade: " .. offer)))
    end
  end)

  it("where the service does not allow it", function()
    is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello", nil,
    { service = { upgrade = false } })
  end)

  it("in front of content that is still to come", function()
    local ask = ASK:gsub("\r\n\r\n$", "\r\nContent-Length: 5\r\n\r\n") .. "hello"
    is_bad("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello", ask)
  end)

  it("by an answer other than 101, and the connection goes on as before", function()
    for _, status in ipairs { 200, 400, 403, 426, 500 } do
      local g, up = start(gate.http.response(status, "no", { "Upgrade: websocket", "Connection: Upgrade" }))
      local c = gate.client(g):send(ASK .. gate.http.request("GET", "/next"))
      assert.equal(status, c:read().status)
      assert.equal("/next", c:read().body)
      assert.equal("/next", up:last().target)
    end
  end)
end)


describe("a tunnel", function()
  after_each(gate.cleanup)

  local SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

  -- Both sides send 3 MiB of their own at the same time, and each closes its half when done.
  local function both_ways(sender_delay)
    local mine, theirs = gate.pattern(3 * 1048576), gate.pattern(3 * 1048576):reverse()
    local got
    local up = gate.upstream(function(request, connection)
      if request.path ~= "/ws" then return 200, request.target end
      connection:send(SWITCH .. "early")
      local writer = gate.go("instance writes", function()
        connection.socket:send(theirs, 30)
        connection:half_close()
      end)
      gate.pause(sender_delay)
      got = connection:read_all(30)
      writer:join(30)
      connection:close()
    end)
    local g = gate.proxy(up)
    local c = gate.client(g):send(ASK .. "eager")
    local writer = gate.go("client writes", function()
      c.socket:send(mine, 30)
      c:half_close()
    end)
    assert.equal(101, c:read_head().status)
    local all = c.socket:read_all(30)
    writer:join(30)
    up:wait_open(0)
    assert.is_true(all == "early" .. theirs)
    assert.is_true(got == "eager" .. mine)
    assert.equal("/clean", g:get("/clean").body)
  end

  it("carries three megabytes each way at once, and what came early", function()
    both_ways(0.01)
  end)

  it("waits for a side that is slow to read", function()
    both_ways(0.3)
  end)

  it("behind pipelined requests begins where they end", function()
    local g = start(SWITCH .. "hello")
    local c = gate.client(g):send(gate.http.request("GET", "/1") .. gate.http.request("GET", "/2") .. ASK)
    assert.equal("/1", c:read().body)
    assert.equal("/2", c:read().body)
    assert.equal(101, c:read_head().status)
    assert.equal("hello", c.socket:read_exactly(5))
  end)

  it("that is silent ends after timeouts.tunnel at both ends", function()
    local g, up = start(SWITCH, { gateway = { timeouts = { tunnel = "300ms" } } })
    local begin = gate.now()
    local c = gate.client(g):send(ASK)
    assert.equal(101, c:read_head().status)
    assert.equal("", (c.socket:read_all()))
    assert.is_true(gate.now() - begin >= 0.25)
    up:wait_open(0)
    assert.equal("/clean", g:get("/clean").body)
  end)

  it("survives a reload that takes its service away", function()
    local up = gate.upstream(function(_, connection)
      connection:send(SWITCH)
      while true do
        local piece = connection:recv(nil, 60)
        if piece == "" then break end
        connection:send(piece)
      end
      connection:close()
    end)
    local other = gate.upstream(function() return 200, "other" end)
    local g = gate.start { services = { { name = "ws", path = "/ws", stripPath = false, instances = { up } } } }
    local c = gate.client(g):send(ASK)
    assert.equal(101, c:read_head().status)
    g.dir:write("gateway.yaml", (g.dir:read("gateway.yaml"):gsub(up.url:gsub("%p", "%%%0"), other.url):gsub('"ws"',
    '"other"')))
    assert.equal(0, g:reload().code)
    assert.equal("other", g:get("/ws").body)
    for i = 1, 5 do
      c:send("still " .. i)
      assert.equal("still " .. i, c.socket:read_exactly(7))
    end
  end)
end)
