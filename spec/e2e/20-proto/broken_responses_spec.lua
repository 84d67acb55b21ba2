-- SPDX-License-Identifier: Apache-2.0
-- Responses that break off: the client must see that they did, and nobody else must be touched.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a response that breaks off", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request, connection, self)
      if request.target == "/good" then return 200, "good" end
      connection:send(self.bytes)
      if self.resets then connection:reset() else connection:close() end
    end)
    g = gate.proxy(up, { service = { breaker = false } }) -- what breaks off is judged, and not the instance
  end)
  teardown(gate.cleanup)

  -- What the client gets: never a clean end. A 502 will do where nothing has gone downstream yet.
  local function check_incomplete(bytes, resets)
    up.bytes, up.resets = bytes, resets
    local c = gate.client(g):send(gate.http.request("GET", "/bad"))
    local head = c:read_head()
    local ok, err = pcall(c.read_body, c, head)
    assert.is_true(ok or gate.is_gone(err), tostring(err))
    assert.equal(head.status == 502, head.complete)
    assert.is_true(head.status == 502 or head.status == 200)
    gate.eventually(function() return g:get("/good").status == 200 end, "the good path", 15)
  end

  local LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
  local CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

  it("after a part of its length", function() check_incomplete(LENGTH .. ("x"):rep(5000)) end)
  it("after a part of its length, by reset", function()
    check_incomplete(LENGTH .. ("x"):rep(5000), true)
  end)
  it("right after its head", function() check_incomplete(LENGTH) end)
  it("between two chunks", function() check_incomplete(CHUNKED .. gate.http.chunk("hello")) end)
  it("inside a chunk", function() check_incomplete(CHUNKED .. "64\r\nhello") end)
  it("inside the last chunk's CRLF", function() check_incomplete(CHUNKED .. "5\r\nhello\r\n0\r\n") end)
  it("in a chunk that is malformed", function()
    check_incomplete(CHUNKED .. gate.http.chunk("hello") .. "zz\r\n")
  end)
  it("with a chunk that is longer than it says", function()
    check_incomplete(CHUNKED .. "5\r\nhello there\r\n0\r\n\r\n")
  end)

  it("by reset where only the end of the connection would end it", function()
    check_incomplete("HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(5000), true)
  end)
end)
