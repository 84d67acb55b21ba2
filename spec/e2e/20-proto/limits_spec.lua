-- SPDX-License-Identifier: Apache-2.0
-- Every bound of gateway.limits and the answer that it has.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function start(limits, handler)
  local up = gate.upstream(handler)
  return gate.proxy(up, { gateway = { limits = limits } }), up
end


describe("gateway.limits", function()
  after_each(gate.cleanup)

  -- Sends bytes that must be refused; proves that nothing reached the upstream and that the good path works.
  local function refused(g, up, bytes, status)
    local before = #up.requests
    local c = gate.client(g)
    pcall(c.send, c, bytes)
    assert.equal(status, c:read().status)
    assert.is_true(c:is_closed())
    assert.equal(before, #up.requests)
    assert.equal(200, g:get("/good").status)
  end

  local function get(target, fields)
    return ("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"):format(target, fields or "")
  end

  it("requestLine: 414", function()
    local g, up = start { requestLine = "1k" }
    refused(g, up, get("/" .. ("a"):rep(1024)), 414)
    assert.equal(200, gate.client(g):send(get("/" .. ("a"):rep(1000))):read().status)
  end)

  it("requestLine: 414 also before the line ends", function()
    local g, up = start { requestLine = "1k" }
    refused(g, up, "GET /" .. ("a"):rep(5000), 414)
  end)

  it("requestLine: 8k unless told otherwise", function()
    local g, up = start {}
    refused(g, up, get("/" .. ("a"):rep(8192)), 414)
  end)

  it("headers: 431", function()
    local g, up = start { headers = "2k" }
    refused(g, up, get("/", "A: " .. ("b"):rep(2048) .. "\r\n"), 431)
    assert.equal(200, gate.client(g):send(get("/", "A: " .. ("b"):rep(1900) .. "\r\n")):read().status)
  end)

  it("headers: 431 also before they end", function()
    local g, up = start { headers = "2k" }
    refused(g, up, "GET / HTTP/1.1\r\nHost: x\r\nA: " .. ("b"):rep(10000), 431)
  end)

  it("headers: 32k unless told otherwise", function()
    local g, up = start {}
    refused(g, up, get("/", ("A: " .. ("b"):rep(1000) .. "\r\n"):rep(33)), 431)
  end)

  it("headerCount: 431", function()
    local g, up = start { headerCount = 10 }
    refused(g, up, get("/", ("A: b\r\n"):rep(10)), 431)
    assert.equal(200, gate.client(g):send(get("/", ("A: b\r\n"):rep(9))):read().status)
  end)

  it("body: 413 at once when the length is told", function()
    local g, up = start { body = "1k" }
    refused(g, up, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n", 413)
    assert.equal(200, g:post("/", ("x"):rep(1024)).status)
  end)

  it("body: 413 reaches a client that goes on sending before it reads", function()
    local g = start { body = "1k" }
    for _ = 1, 5 do
      local c = gate.client(g)
      c:send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n")
      for _ = 1, 60 do
        c:send(("x"):rep(10000))
        gate.loop.breathe()
      end
      assert.equal(413, c:read().status)
    end
    assert.equal(200, g:post("/", "x").status)
  end)

  it("body: 413 instead of 100 for Expect: 100-continue", function()
    local g, up = start { body = "1k" }
    refused(g, up, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n"
      .. "Expect: 100-continue\r\n\r\n", 413)
  end)

  it("body: 413 when a chunked body grows beyond it, and the upstream sees no whole request", function()
    local g, up = start({ body = "1k" }, function(request)
      if request.complete then return 200, "" end
    end)
    local c = gate.client(g)
    pcall(c.send, c, gate.http.request("POST", "/", { chunks = { ("x"):rep(1000), ("y"):rep(100) } }))
    assert.equal(413, c:read().status)
    assert.is_true(c:is_closed())
    for _, request in ipairs(up.requests) do
      gate.wait_until(function() return request.complete ~= nil end, "the end upstream")
      assert.is_false(request.complete)
    end
    assert.equal(200, g:request("POST", "/", { chunks = { ("x"):rep(1024) } }).status)
  end)

  it("bodyRate: 408 for a body that trickles in too slowly", function()
    local g = start { bodyRate = "1k", bodyGrace = "200ms" }
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    local trickle = gate.go("trickle", function()
      for _ = 1, 1000 do
        c:send("x")
        gate.pause(0.02)
      end
    end)
    assert.equal(408, c:read("POST").status)
    gate.loop.abandon(trickle)
    assert.equal(200, g:post("/", ("x"):rep(5000)).status)
  end)

  it("connections: 503 beyond them, and they come back", function()
    local g = start { connections = 3 }
    local held = {}
    for i = 1, 3 do
      held[i] = gate.client(g)
      assert.equal(200, held[i]:get("/").status)
    end
    local extra = gate.client(g):send(get("/"))
    assert.equal(503, extra:read().status)
    assert.is_true(extra:is_closed())
    for _, c in ipairs(held) do c:close() end
    gate.eventually(function() return g:get("/").status == 200 end, "room again")
  end)
end)
