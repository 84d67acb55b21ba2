-- SPDX-License-Identifier: Apache-2.0
-- What HTTP/1.1 allows and passes through: interim answers, trailers, ranges and conditions, streams, Max-Forwards.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function start(handler, options)
  local up = gate.upstream(handler)
  return gate.proxy(up, options), up
end


describe("trailers", function()
  after_each(gate.cleanup)

  local RESPONSE = "HTTP/1.1 200 OK\r\nTrailer: X-Sum, X-Time\r\nTransfer-Encoding: chunked\r\n\r\n"
    .. "5\r\nhello\r\n0\r\nX-Sum: abc\r\nX-Time: 5\r\nX-Sum: def\r\n\r\n"

  it("of a response reach the client, in order", function()
    local g = start(function(_, connection) connection:send(RESPONSE) end)
    local r = g:get("/", { headers = { TE = "trailers" } })
    assert.equal("hello", r.body)
    assert.same({ "X-Sum: abc", "X-Time: 5", "X-Sum: def" }, r.trailers:lines())
    assert.equal("X-Sum, X-Time", r.headers["Trailer"])
  end)

  it("of a response are left out for HTTP/1.0, which has no place for them", function()
    local g = start(function(_, connection) connection:send(RESPONSE) end)
    local r = g:get("/", { version = "1.0" })
    assert.equal("hello", r.body)
    assert.is_true(r.complete)
    assert.is_nil(r.headers["Transfer-Encoding"])
  end)

  it("of a request reach the instance, in order", function()
    local g, up = start()
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. "2\r\nhi\r\n0\r\nX-Sum: abc\r\nX-More: 1\r\n\r\n")
    assert.equal(200, c:read().status)
    assert.same({ "X-Sum: abc", "X-More: 1" }, up:last().trailers:lines())
    assert.equal("X-Sum", up:last().headers["Trailer"])
  end)

  it("that come late come through", function()
    local door = gate.gate()
    local g = start(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")
      door:wait()
      connection:trickle("X-Sum: abc\r\n\r\n")
    end)
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    local head = c:read_head()
    head.chunks = {}
    assert.equal("hello", gate.http.read_chunk(c.socket, head))
    door:open()
    assert.equal("", gate.http.read_chunk(c.socket, head))
    assert.same({ "X-Sum: abc" }, head.trailers:lines())
  end)
end)


describe("interim answers", function()
  after_each(gate.cleanup)

  it("103 reaches the client at once, with its fields, before the final one", function()
    local door = gate.gate()
    local g = start(function(_, connection)
      connection:send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n")
      door:wait()
      return 200, "final"
    end)
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    local hints = c:read_head()
    assert.equal(103, hints.status)
    assert.same({ "</a.css>; rel=preload", "</b.js>" }, hints.headers:all("Link"))
    door:open()
    assert.equal("final", c:read().body)
    assert.is_true(c:is_open())
  end)

  it("come in any number and order", function()
    local g = start(function(_, connection)
      for _, status in ipairs { 103, 102, 103, 199,
      103 } do connection:send(("HTTP/1.1 %d X\r\n\r\n"):format(status)) end
      return 200, "final"
    end)
    local r = g:get("/")
    assert.same({ 103, 102, 103, 199, 103 }, r.interim)
    assert.equal("final", r.body)
  end)

  it("100 that nobody waits for is left out", function()
    local g = start(function(_, connection)
      connection:send("HTTP/1.1 100 Continue\r\n\r\n")
      return 200, "final"
    end)
    local r = g:get("/")
    assert.same({}, r.interim)
    assert.equal("final", r.body)
  end)

  it("come before the answer to a HEAD and before an upgrade that is refused", function()
    local g = start(function(_, connection)
      connection:send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
      return 200, "final"
    end)
    assert.same({ 103 }, g:request("HEAD", "/").interim)
    local c = gate.client(g):send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert.same({ 103 }, c:read().interim)
  end)

  it("100 of an instance lets the client go on, and a 417 of it is passed", function()
    local g = gate.proxy(gate.upstream { head_only = true, handler = function(request, connection)
      if request.target == "/no" then return 417, "no" end
      connection:send("HTTP/1.1 100 Continue\r\nX-Go: on\r\n\r\n")
      connection:read_body(request)
      return 200, request.body
    end })
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert.equal(100, c:read_head().status)
    assert.equal("hello", c:send("hello"):read().body)
    c = gate.client(g):send("POST /no HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert.equal(417, c:read().status)
  end)
end)


describe("ranges and conditions", function()
  after_each(gate.cleanup)

  local FIELDS = {
    'Range: bytes=0-4,10-', 'If-Range: "v1"', 'If-Match: "a", W/"b"', "If-None-Match: *", "Accept-Ranges: none",
    "If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT", "If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT",
    "Accept-Encoding: gzip;q=0.5, br", "Cache-Control: no-cache, max-age=0", "Pragma: no-cache",
  }

  it("reach the instance as they are", function()
    local g, up = start()
    g:get("/", { headers = FIELDS })
    local seen = {}
    for _, line in ipairs(up:last().headers:lines()) do seen[line] = true end
    for _, line in ipairs(FIELDS) do assert.is_true(seen[line], line) end
  end)

  for status, fields in pairs {
    [206] = { "Content-Range: bytes 0-4/10", 'ETag: "v1"' }, [304] = { 'ETag: W/"v1"', "Vary: Accept", "Age: 5" },
    [412] = { 'ETag: "v2"' }, [416] = { "Content-Range: bytes */10" },
  } do
    it(("%d reaches the client as it is"):format(status), function()
      local g = start(function(_, connection)
        local head = "HTTP/1.1 304 X\r\n" .. gate.http.field_lines(fields) .. "\r\n"
        if status == 304 then return connection:send(head) end
        return status, "hello", fields
      end)
      local r = g:get("/")
      assert.equal(status, r.status)
      assert.equal(status == 304 and "" or "hello", r.body)
      for i, line in ipairs(fields) do assert.equal(line, r.headers:lines()[i]) end
    end)
  end
end)


describe("a stream", function()
  after_each(gate.cleanup)

  local HEADS = {
    ["in chunks"] = "Transfer-Encoding: chunked\r\n", ["with a length"] = "Content-Length: 30\r\n", ["to the end"] = "",
  }

  for name, framing in pairs(HEADS) do
    for _, version in ipairs { "1.1", "1.0" } do
      it(("%s reaches a client of HTTP/%s event by event"):format(name, version), function()
        local step = 0
        local g = start(function(_, connection)
          connection:send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" .. framing .. "\r\n")
          for i = 1, 3 do
            gate.wait_until(function() return step == i end, "step " .. i)
            local event = ("data: %d\n\n"):format(i) .. ("."):rep(1)
            connection:send(name == "in chunks" and gate.http.chunk(event) or event)
          end
          connection:close()
        end)
        local c = gate.client(g):send(gate.http.request("GET", "/", { version = version }))
        local head = c:read_head()
        head.chunks = {}
        for i = 1, 3 do
          step = i
          local in_chunks = head.framing == "chunked"
          local piece = in_chunks and gate.http.read_chunk(c.socket, head) or c.socket:read_exactly(10)
          assert.equal(("data: %d\n\n."):format(i), piece)
        end
      end)
    end
  end
end)


describe("Max-Forwards", function()
  after_each(gate.cleanup)

  local function forwarded(method, value)
    local g, up = start()
    local r = g:request(method, "/x", { headers = { ["Max-Forwards"] = value } })
    return up:last() and up:last().headers["Max-Forwards"], r
  end

  it("of OPTIONS counts down", function()
    assert.equal("4", (forwarded("OPTIONS", "5")))
    assert.equal("0", (forwarded("OPTIONS", "1")))
    assert.equal("9", (forwarded("OPTIONS", "10")))
  end)

  it("0 of OPTIONS is answered here", function()
    local seen, r = forwarded("OPTIONS", "0")
    assert.is_nil(seen)
    assert.is_true(r.status == 204 or r.status == 200)
    assert.is_not_nil(r.headers["Allow"])
  end)

  it("of other methods is none of ours", function()
    assert.equal("5", (forwarded("GET", "5")))
    assert.equal("0", (forwarded("POST", "0")))
  end)

  it("that is no number is passed on", function()
    assert.equal("x", (forwarded("OPTIONS", "x")))
  end)
end)
