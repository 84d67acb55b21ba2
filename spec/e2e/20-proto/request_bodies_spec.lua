-- SPDX-License-Identifier: Apache-2.0
-- Request bodies: every framing, byte for byte.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a request body", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  for _, size in ipairs { 0, 1, 2, 1000, 16383, 16384, 16385, 65535, 65536, 65537, 300000 } do
    it(("of %d bytes passes with Content-Length"):format(size), function()
      local body = gate.pattern(size)
      assert.is_true(g:post("/", body).body == body)
      assert.equal(size, up:last().length)
    end)

    it(("of %d bytes passes chunked"):format(size), function()
      local body, chunks = gate.pattern(size), {}
      for at = 1, size, 7001 do chunks[#chunks + 1] = body:sub(at, at + 7000) end
      local r = g:request("POST", "/", { chunks = chunks })
      assert.is_true(r.body == body)
      assert.is_true(up:last().body == body and up:last().complete)
    end)
  end

  it("is not invented where there is none", function()
    g:get("/")
    assert.is_nil(up:last().headers["Content-Length"])
    assert.is_nil(up:last().headers["Transfer-Encoding"])
  end)

  it("of a POST without one is told as length 0", function()
    gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"):read()
    assert.equal("0", up:last().headers["Content-Length"])
  end)

  it("passes with GET and DELETE too", function()
    assert.equal("x", g:request("GET", "/", { body = "x" }).body)
    assert.equal("y", g:request("DELETE", "/", { body = "y" }).body)
  end)

  it("passes byte by byte, chunk framing and all", function()
    local c = gate.client(g):trickle(gate.http.request("POST", "/", { chunks = { "hello", " world" } }))
    assert.equal("hello world", c:read().body)
  end)

  it("is streamed: the upstream sees its first bytes before its last are sent", function()
    local c = gate.client(g)
    local seen = gate.gate("the first bytes")
    up.head_only, up.handler = true, function(request, connection)
      local first = connection:read_exactly(5)
      seen:open(first)
      return 200, first .. connection:read_exactly(request.length - 5)
    end
    c:send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
    assert.equal("12345", seen:wait())
    c:send("67890")
    assert.equal("1234567890", c:read().body)
  end)
end)
