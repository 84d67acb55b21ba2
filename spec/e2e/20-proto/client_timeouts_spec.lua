-- SPDX-License-Identifier: Apache-2.0
-- Deadlines towards the client, set to fractions of a second.

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
      header = "250ms", body = "800ms", send = "300ms", idle = "200ms",
    } } })
  end)
  teardown(gate.cleanup)

  it("header: a head that does not end gets 408", function()
    local c
    local seconds = took(function()
      c = gate.client(g):send("GET / HTTP/1.1\r\nHost: x\r\n")
      assert.equal(408, c:read().status)
    end)
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
    local seconds = took(function()
      assert.equal(200, c:get("/").status)
      assert.is_true(c:is_closed())
    end)
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
      gate.pause(0.1)
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
