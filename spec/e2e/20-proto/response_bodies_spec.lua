-- SPDX-License-Identifier: Apache-2.0
-- Response bodies: every framing, byte for byte.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a response body", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local function raw(bytes, close)
    up.handler = function(_, connection)
      connection:send(bytes)
      if close then connection:close() end
    end
  end

  for _, size in ipairs { 0, 1, 4095, 16384, 65536, 300000 } do
    it(("of %d bytes passes with Content-Length"):format(size), function()
      local body = gate.pattern(size)
      up.handler = function() return 200, body end
      local r = g:get("/")
      assert.is_true(r.body == body)
      assert.equal(size, r.length)
    end)

    it(("of %d bytes passes chunked"):format(size), function()
      local body, chunks = gate.pattern(size), {}
      for at = 1, size, 9001 do chunks[#chunks + 1] = body:sub(at, at + 9000) end
      raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunked(chunks))
      local r = g:get("/")
      assert.equal("chunked", r.framing)
      assert.is_true(r.body == body and r.complete)
    end)
  end

  it("without framing ends with the upstream's connection and is framed for the client", function()
    raw("HTTP/1.1 200 OK\r\n\r\nuntil the end", true)
    local c = gate.client(g)
    local r = c:get("/")
    assert.equal("chunked", r.framing)
    assert.equal("until the end", r.body)
    up.handler = function() return 200, "next" end
    assert.equal("next", c:get("/").body)
  end)

  it("without framing reaches an HTTP/1.0 client as it is", function()
    raw("HTTP/1.0 200 OK\r\n\r\nuntil the end", true)
    local c = gate.client(g)
    local r = c:get("/", { version = "1.0" })
    assert.equal("close", r.framing)
    assert.equal("until the end", r.body)
  end)

  it("in chunks reaches an HTTP/1.0 client without them", function()
    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunked { "a", "b" })
    local r = gate.client(g):get("/", { version = "1.0", headers = { Connection = "keep-alive" } })
    assert.equal("close", r.framing)
    assert.equal("ab", r.body)
  end)

  it("keeps its flush boundaries: an event reaches the client while the response stays open", function()
    local go_on = gate.gate("the second event")
    up.handler = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        .. "Transfer-Encoding: chunked\r\n\r\n" .. gate.http.chunk("data: 1\n\n"))
      go_on:wait()
      connection:send(gate.http.chunked { "data: 2\n\n" })
    end
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    local response = c:read_head()
    response.chunks = {}
    assert.equal("data: 1\n\n", gate.http.read_chunk(c.socket, response))
    go_on:open()
    assert.equal("data: 2\n\n", gate.http.read_chunk(c.socket, response))
    assert.equal("", gate.http.read_chunk(c.socket, response))
  end)

  it("passes byte by byte", function()
    local bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunked { "abc", "d" }
    up.handler = function(_, connection) connection:trickle(bytes) end
    assert.equal("abcd", g:get("/").body)
  end)

  it("may come before the request has ended", function()
    up.head_only = true
    up.handler = function(_, connection)
      connection:respond(413, "too much", { Connection = "close" })
      connection:half_close()
      connection:wait_end()
    end
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    local r = c:read()
    assert.equal(413, r.status)
    assert.equal("too much", r.body)
    assert.is_true(c:is_closed())
    up.head_only, up.handler = false, function() return 200, "good" end
    assert.equal("good", g:get("/").body)
  end)
end)
