-- SPDX-License-Identifier: Apache-2.0
-- Corners where a request or its end could get lost.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a client that half-closes", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local function half_closed(bytes)
    local c = gate.client(g):send(bytes)
    c:half_close()
    return c
  end

  it("right behind a whole request with a body is served, on a fresh connection upstream", function()
    up:close_connections()
    local c = half_closed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    assert.equal("abc", c:read("POST").body)
    assert.is_true(c:is_closed())
  end)

  it("behind a whole chunked body is served", function()
    up:close_connections()
    local c = half_closed(gate.http.request("POST", "/", { chunks = { "abc", "d" } }))
    assert.equal("abcd", c:read("POST").body)
  end)

  it("behind several pipelined requests has them all served", function()
    local c = half_closed(gate.http.request("POST", "/", { body = "1" }) .. gate.http.request("GET", "/")
      .. gate.http.request("POST", "/", { chunks = { "3" } }))
    for _, body in ipairs { "1", "", "3" } do assert.equal(body, c:read().body) end
    assert.is_true(c:is_closed())
  end)
end)


describe("an empty line behind a request", function()
  after_each(gate.cleanup)

  it("is ignored before the next one", function()
    local c = gate.client(gate.proxy(gate.upstream()))
    for _ = 1, 3 do
      c:send(gate.http.request("GET", "/") .. "\r\n")
      assert.equal(200, c:read().status)
    end
  end)

  it("does not keep the connection from its idle timeout", function()
    local g = gate.proxy(gate.upstream(), { gateway = { timeouts = { idle = "200ms", header = "300ms" } } })
    local c = gate.client(g):send(gate.http.request("GET", "/") .. "\r\n")
    assert.equal(200, c:read().status)
    c.socket:read_all(3)
  end)

  it("after another keeps nobody for ever either", function()
    local g = gate.proxy(gate.upstream(), { gateway = { timeouts = { idle = "200ms", header = "300ms" } } })
    local c = gate.client(g)
    local sender = gate.go("sender", function()
      for _ = 1, 200 do
        c:send("\r\n")
        gate.pause(0.02)
      end
    end)
    c.socket:read_all(3)
    gate.loop.abandon(sender)
  end)
end)


describe("an upstream's head", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request, connection, self)
      if request.target == "/good" then return 200, "good" end
      connection:send(self.bytes)
    end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  for _, size in ipairs { 1000, 4000, 8000, 15000, 16500, 24000, 31000 } do
    it(("with a field of %d bytes passes"):format(size), function()
      local value = gate.pattern(size)
      up.bytes = "HTTP/1.1 200 OK\r\nX-Large: " .. value .. "\r\nContent-Length: 2\r\n\r\nok"
      local r = g:get("/")
      assert.equal(200, r.status)
      assert.equal(value, r.headers["X-Large"])
      assert.equal("ok", r.body)
    end)
  end

  it("with ninety fields passes", function()
    up.bytes = "HTTP/1.1 200 OK\r\n" .. ("X-A: b\r\n"):rep(90) .. "Content-Length: 2\r\n\r\nok"
    assert.equal(90, #g:get("/").headers:all("X-A"))
  end)

  it("of an interim answer loses its Content-Length", function()
    up.bytes = "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: </a>\r\n\r\n"
      .. "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    local head = c:read_head()
    if head.status == 103 then
      assert.is_nil(head.headers["Content-Length"])
      head = c:read_head()
    end
    assert.equal(200, head.status)
    assert.equal("ok", c:read_body(head))
  end)

  it("of interim answers without end is refused", function()
    up.bytes = ("HTTP/1.1 103 Early Hints\r\n\r\n"):rep(5000)
    local ok, r = pcall(g.get, g, "/")
    assert.is_true(not ok or r == nil or r.status == 502)
    gate.eventually(function() return g:get("/good").status == 200 end, "the good path", 15)
  end)
end)


describe("a large request head", function()
  after_each(gate.cleanup)

  for _, size in ipairs { 8000, 15000, 16300, 16500, 24000, 31000 } do
    it(("with a field of %d bytes passes, whole or in pieces"):format(size), function()
      local up = gate.upstream()
      local g = gate.proxy(up)
      local value = gate.pattern(size)
      local bytes = gate.http.request("POST", "/", { headers = { ["X-Large"] = value }, body = "abc" })
      local c = gate.client(g):send(bytes)
      assert.equal(200, c:read().status)
      for at = 1, #bytes, 5000 do
        c:send(bytes:sub(at, at + 4999))
        gate.loop.breathe()
      end
      assert.equal(200, c:read().status)
      for i = 1, 2 do
        assert.equal(value, up.requests[i].headers["X-Large"])
        assert.equal("abc", up.requests[i].body)
      end
    end)
  end
end)
