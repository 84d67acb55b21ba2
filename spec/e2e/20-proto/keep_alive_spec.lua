-- SPDX-License-Identifier: Apache-2.0
-- Connections of clients: kept, closed, HTTP/1.0, half-closed.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a client's connection", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  it("serves one request after the other", function()
    local c = gate.client(g)
    for _ = 1, 20 do assert.equal(200, c:get("/").status) end
  end)

  it("is closed after Connection: close, and the answer says so", function()
    local c = gate.client(g)
    local r = c:get("/", { headers = { Connection = "close" } })
    assert.equal("close", r.headers["Connection"])
    assert.is_true(c:is_closed())
  end)

  it("is closed after Connection: close in any case and any list", function()
    local c = gate.client(g)
    assert.equal("close", c:get("/", { headers = { Connection = "foo, CLOSE" } }).headers["Connection"])
    assert.is_true(c:is_closed())
  end)

  it("is closed after HTTP/1.0", function()
    local c = gate.client(g)
    local r = c:get("/", { version = "1.0" })
    assert.equal(200, r.status)
    assert.is_not.equal("keep-alive", r.headers["Connection"])
    assert.is_true(c:is_closed())
  end)

  it("is kept after HTTP/1.0 with Connection: keep-alive, and the answer says so", function()
    local c = gate.client(g)
    for _ = 1, 2 do
      local r = c:get("/", { version = "1.0", headers = { Connection = "keep-alive" } })
      assert.equal("keep-alive", r.headers["Connection"]:lower())
    end
    assert.is_true(c:is_open())
  end)

  it("takes HTTP/1.0 without Host", function()
    local c = gate.client(g):send("GET /old HTTP/1.0\r\n\r\n")
    assert.equal(200, c:read().status)
    assert.equal("/old", up:last().target)
  end)

  it("ignores empty lines before a request", function()
    local c = gate.client(g):send("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert.equal(200, c:read().status)
  end)

  it("takes a head that comes byte by byte", function()
    local c = gate.client(g):trickle(gate.http.request("GET", "/slow", { headers = { ["X-A"] = "b" } }))
    assert.equal(200, c:read().status)
    assert.equal("b", up:last().headers["X-A"])
  end)

  it("answers a client that has half-closed", function()
    local c = gate.client(g):send(gate.http.request("GET", "/half"))
    c:half_close()
    assert.equal(200, c:read().status)
    assert.is_true(c:is_closed())
  end)

  it("may end without having said anything", function()
    for _ = 1, 5 do gate.client(g):close() end
    for _ = 1, 5 do gate.client(g):reset() end
    assert.equal(200, g:get("/").status)
  end)

  it("answers in HTTP/1.1 also to HTTP/1.0", function()
    assert.equal(1, g:get("/", { version = "1.0" }).minor)
  end)
end)
