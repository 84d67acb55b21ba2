-- SPDX-License-Identifier: Apache-2.0
-- Responses that no client should see: 502, the connection is not used again, nothing leaks.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local OK = "HTTP/1.1 200 OK\r\n"

local bad = {
  { "nothing at all", "" },
  { "no HTTP", "hello\r\n\r\n" },
  { "bare LFs", "HTTP/1.1 200 OK\nContent-Length: 0\n\n" },
  { "a status that is no number", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n" },
  { "a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n" },
  { "a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n" },
  { "a status below 100", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n" },
  { "HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n" },
  { "HTTP/1.10", "HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n" },
  { "a space before the status line", " HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
  { "a CR in the reason", "HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n" },
  { "both length and coding", OK .. "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
  { "two lengths", OK .. "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
  { "a list of lengths", OK .. "Content-Length: 2, 2\r\n\r\nab" },
  { "a length that is no number", OK .. "Content-Length: 2x\r\n\r\nab" },
  { "a negative length", OK .. "Content-Length: -2\r\n\r\nab" },
  { "an unknown coding", OK .. "Transfer-Encoding: gzip\r\n\r\nab" },
  { "gzip and chunked", OK .. "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
  { "a coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
  { "a folded field", OK .. "A: b\r\n c\r\nContent-Length: 0\r\n\r\n" },
  { "a space before a colon", OK .. "A : b\r\nContent-Length: 0\r\n\r\n" },
  { "an empty name", OK .. ": b\r\nContent-Length: 0\r\n\r\n" },
  { "a name that is no token", OK .. "A(b): c\r\nContent-Length: 0\r\n\r\n" },
  { "a control character in a value", OK .. "A: b\1\r\nContent-Length: 0\r\n\r\n" },
  { "NUL in a value", OK .. "A: b\0\r\nContent-Length: 0\r\n\r\n" },
  { "a bare CR in a value", OK .. "A: b\rC: d\r\nContent-Length: 0\r\n\r\n" },
  { "a head without end", OK .. ("A: b\r\n"):rep(20000) },
  { "half a head", OK .. "Content-Le" },
  { "101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" },
}


describe("a response is refused that has", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request, connection, self)
      if request.target == "/good" then return 200, "good" end
      pcall(connection.send, connection, self.bytes)
      connection:half_close()
      connection:wait_end()
      connection:close()
    end)
    -- More instances than one, so that failures do not take the service away.
    g = gate.proxy(up, { service = { retries = { tries = 1 } } })
  end)
  teardown(gate.cleanup)

  local function good()
    return gate.eventually(function()
      local r = g:get("/good")
      return r.status == 200 and r
    end, "the instance to be used again", 15)
  end

  for _, case in ipairs(bad) do
    it(case[1], function()
      up.bytes = case[2]
      good()
      local c = gate.client(g)
      local r = c:get("/bad")
      assert.equal(502, r.status)
      assert.equal("Bad Gateway\n", r.body)
      assert.is_true(r.complete)
      local tainted = up:last().connection
      assert.equal("good", good().body)
      assert.is_not.equal(tainted, up:last().connection)
    end)
  end
end)
