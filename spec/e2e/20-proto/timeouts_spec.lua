-- SPDX-License-Identifier: Apache-2.0
-- Every deadline of the configuration, set to fractions of a second.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- Runs f; the seconds it took.
local function took(f)
  local from = gate.now()
  f()
  return gate.now() - from
end


describe("gateway.timeouts", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up, { gateway = { timeout = "5s", timeouts = {
      header = "250ms", body = "200ms", send = "300ms", idle = "200ms",
    } } })
  end)
  teardown(gate.cleanup)

  it("header: a head that does not end gets 408", function()
    local c = gate.client(g):send("GET / HTTP/1.1\r\nHost: x\r\n")
    local seconds = took(function() assert.equal(408, c:read().status) end)
    assert.is_true(seconds > 0.2)
    assert.is_true(c:is_closed())
    assert.equal(200, g:get("/").status)
  end)

  it("header: is for the whole head, not for silence in it", function()
    local c = gate.client(g)
    local trickle = gate.go("trickle", function()
      c:trickle(("GET / HTTP/1.1\r\nX-Slow: %s\r\n"):format(("x"):rep(500)), 0.01)
    end)
    assert.equal(408, c:read().status)
    gate.loop.abandon(trickle)
  end)

  it("idle: a kept connection is closed without a word", function()
    local c = gate.client(g)
    assert.equal(200, c:get("/").status)
    local seconds = took(function() assert.is_true(c:is_closed()) end)
    assert.is_true(seconds > 0.15)
  end)

  it("idle: a connection that never says anything is closed", function()
    local c = gate.client(g)
    c.socket:read_all()
    assert.equal(200, g:get("/").status)
  end)

  it("body: silence inside a request body gets 408, and the upstream sees no whole request", function()
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    local r = c:read()
    assert.equal(408, r.status)
    assert.is_true(c:is_closed())
    if up:last().method == "POST" then
      gate.wait_until(function() return up:last().complete ~= nil end, "the end upstream")
      assert.is_false(up:last().complete)
    end
    assert.equal(200, g:post("/", "whole").status)
  end)

  it("body: a body that keeps coming may take longer", function()
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
    for i = 1, 10 do
      c:send(tostring(i % 10))
      gate.pause(0.05)
    end
    assert.equal(200, c:read().status)
  end)

  it("send: a client that stops reading is dropped, and its upstream let go", function()
    up.handler = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
      connection:send(("x"):rep(67108864), 10)
    end
    local c = gate.client(g, { receive_buffer = 4096 }):send(gate.http.request("GET", "/"))
    up:wait_requests(1)
    gate.wait_until(function() return up.connections[#up.connections].is_closed end, "release", 10)
    up.handler = function() return 200, "" end
    assert.equal(200, g:get("/").status)
    c:close()
  end)
end)


describe("timeouts towards the upstream", function()
  after_each(gate.cleanup)

  local function stalled(options)
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/stall" then return 200, "good" end
      connection:wait_end()
      connection:close()
    end)
    return up, gate.proxy(up, options)
  end

  it("gateway.timeout: 504 when the answer does not begin", function()
    local up, g = stalled { gateway = { timeout = "200ms" }, service = { retries = { tries = 1 } } }
    local r
    local seconds = took(function() r = g:get("/stall") end)
    assert.equal(504, r.status)
    assert.is_true(seconds > 0.15)
    up:wait_open(0)
    assert.equal("good", g:get("/").body)
  end)

  it("timeouts.firstByte of the service is stronger", function()
    local _, g = stalled { gateway = { timeout = 30 },
      service = { timeouts = { firstByte = "150ms" }, retries = { tries = 1 } } }
    assert.equal(504, g:get("/stall").status)
  end)

  it("is never a total: an answer that keeps coming may take longer", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
      connection:trickle("0123456789", 0.05)
    end)
    local g = gate.proxy(up, { gateway = { timeout = "200ms" } })
    assert.equal("0123456789", g:get("/").body)
  end)

  it("gateway.timeout: silence inside an answer ends it, unclean", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      connection:wait_end()
    end)
    local g = gate.proxy(up, { gateway = { timeout = "200ms" } })
    local r = g:get("/")
    assert.is_false(r.complete)
    up:wait_open(0)
  end)

  it("timeouts.idle of the service is for silence inside an answer", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunk("a"))
      connection:wait_end()
    end)
    local g = gate.proxy(up, { service = { timeouts = { idle = "150ms" } } })
    assert.is_false(g:get("/").complete)
  end)

  it("timeouts.total of the service bounds even an answer that keeps coming", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
      connection:trickle(("x"):rep(1000), 0.01)
    end)
    local g = gate.proxy(up, { service = { timeouts = { total = "250ms" } } })
    assert.is_false(g:get("/").complete)
    up:wait_open(0)
  end)

  it("firstByte: another instance is tried, for GET", function()
    local bad = gate.upstream(function(_, connection) connection:wait_end() end)
    local g = gate.proxy({ bad, gate.upstream() }, { service = { timeouts = { firstByte = "100ms" } } })
    for _ = 1, 2 do assert.equal(200, g:get("/").status) end
    assert.is_true(#bad.requests >= 1)
  end)

  it("retries.perTry bounds every attempt", function()
    local bad = gate.upstream(function(_, connection) connection:wait_end() end)
    local g = gate.proxy({ bad, gate.upstream() }, { service = { retries = { perTry = "100ms" } } })
    for _ = 1, 2 do assert.equal(200, g:get("/").status) end
    assert.is_true(#bad.requests >= 1)
  end)

  it("timeouts.connect: 504 when no connection comes about", function()
    local g = gate.proxy({ gate.black_hole() }, { service = {
      timeouts = { connect = "150ms" }, retries = { tries = 1 },
    } })
    local r
    local seconds = took(function() r = g:get("/") end)
    assert.equal(504, r.status)
    assert.is_true(seconds > 0.1 and seconds < 3 * gate.slow)
  end)

  it("timeouts.connect: another instance is tried", function()
    local up = gate.upstream()
    local g = gate.proxy({ gate.black_hole(), up }, { service = { timeouts = { connect = "150ms" } } })
    for _ = 1, 3 do assert.equal(200, g:get("/").status) end
  end)
end)
