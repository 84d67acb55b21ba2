-- SPDX-License-Identifier: Apache-2.0
-- Responses that have no body whatever their fields say: HEAD, 1xx, 204, 304.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a response without a body", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local function raw(bytes)
    up.handler = function(request, connection)
      if request.target == "/next" then return 200, "next" end
      connection:send(bytes)
    end
  end

  local function check_next(c)
    assert.equal("next", c:get("/next").body)
    assert.equal(up.connections[#up.connections].served >= 2, true, "the pooled connection is used")
  end

  it("is that to HEAD, and keeps its Content-Length", function()
    raw("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
    local c = gate.client(g)
    local r = c:request("HEAD", "/")
    assert.equal("1234", r.headers["Content-Length"])
    check_next(c)
  end)

  it("is that to HEAD of a chunked resource", function()
    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    local c = gate.client(g)
    assert.equal(200, c:request("HEAD", "/").status)
    check_next(c)
  end)

  it("is that to HEAD without any framing", function()
    raw("HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n")
    local c = gate.client(g)
    local r = c:request("HEAD", "/")
    assert.equal("b", r.headers["X-A"])
    check_next(c)
  end)

  it("is 204", function()
    raw("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n")
    local c = gate.client(g)
    local r = c:get("/")
    assert.equal(204, r.status)
    assert.is_nil(r.headers["Content-Length"])
    assert.is_nil(r.headers["Transfer-Encoding"])
    check_next(c)
  end)

  it("is 304, even with a Content-Length", function()
    raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"x\"\r\n\r\n")
    local c = gate.client(g)
    local r = c:get("/")
    assert.equal(304, r.status)
    assert.equal('"x"', r.headers["ETag"])
    check_next(c)
  end)

  it("comes through with interim answers before it", function()
    raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    local c = gate.client(g)
    local r = c:get("/")
    assert.equal(200, r.status)
    assert.equal("ok", r.body)
    check_next(c)
  end)

  it("never carries interim answers to an HTTP/1.0 client", function()
    raw("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    local r = g:get("/", { version = "1.0" })
    assert.same({}, r.interim)
    assert.equal("ok", r.body)
  end)
end)
