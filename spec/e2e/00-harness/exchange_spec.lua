-- SPDX-License-Identifier: Apache-2.0
-- The harness itself: its client and its upstream, without a gateway between them.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the harness' client and upstream", function()
  after_each(gate.cleanup)

  it("exchange a request and a plain answer", function()
    local up = gate.upstream(function(request) return 200, "you asked for " .. request.target end)
    local response = gate.connect(up.address):get("/a?b=c")
    assert.equal(200, response.status)
    assert.equal("you asked for /a?b=c", response.body)
  end)

  it("keep a connection for several exchanges", function()
    local up = gate.upstream()
    local c = gate.connect(up.address)
    for _ = 1, 3 do assert.equal(200, c:get("/").status) end
    assert.equal(1, up.accepted)
    assert.equal(3, #up.requests)
  end)

  it("record header fields as they were sent", function()
    local up = gate.upstream()
    gate.connect(up.address):get("/", { headers = { "X-One: 1", "x-ONE: 2", "B: 3" } })
    assert.same({ "Host: gateway.test", "X-One: 1", "x-ONE: 2", "B: 3" },
      up:last().headers:lines())
    assert.same({ "1", "2" }, up:last().headers:all("X-ONE"))
  end)

  it("read chunked bodies both ways, chunk by chunk", function()
    local up = gate.upstream(function(request, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      connection:send(gate.http.chunked { request.body, "!" })
    end)
    local r = gate.connect(up.address):request("POST", "/", { chunks = { "ab", "cde" } })
    assert.same({ 2, 3 }, up:last().chunks)
    assert.equal("abcde!", r.body)
    assert.same({ 5, 1 }, r.chunks)
  end)

  it("carry 8 MiB unharmed", function()
    local body = gate.pattern(8 * 1048576)
    local up = gate.upstream(function(request) return 200, request.body end)
    local r = gate.connect(up.address):post("/", body)
    assert.is_true(r.body == body)
  end)

  it("tell a truncated body from a whole one", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      connection:close()
    end)
    local r = gate.connect(up.address):get("/")
    assert.is_false(r.complete)
    assert.equal("3 of 10 bytes came", r.problem)
  end)

  it("tell a reset from an end", function()
    local up = gate.upstream(function(_, connection) connection:reset() end)
    local c = gate.connect(up.address)
    local ok, err = pcall(c.get, c, "/")
    assert.is_false(ok)
    assert.is_true(gate.is_gone(err))
  end)

  it("trickle byte by byte", function()
    local up = gate.upstream()
    local c = gate.connect(up.address):trickle("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert.equal(200, c:read().status)
  end)

  it("half-close: the request ends, the answer still comes", function()
    local up = gate.upstream { script = function(connection)
      local text = connection:read_all()
      connection:send("HTTP/1.0 200 OK\r\n\r\n" .. text)
    end }
    local c = gate.connect(up.address):send("hello")
    c:half_close()
    assert.equal("hello", c:read().body)
  end)

  it("answer Expect: 100-continue before the body comes", function()
    local up = gate.upstream()
    local c = gate.connect(up.address)
    c:send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert.equal(100, c:read_head().status)
    c:send("ok")
    assert.equal(200, c:read().status)
    assert.equal("ok", up:last().body)
  end)
end)
