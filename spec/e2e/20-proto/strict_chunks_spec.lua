-- SPDX-License-Identifier: Apache-2.0
-- Chunked request bodies that lie: 400 or a closed connection, and never a whole request upstream.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local HEAD = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

local bad = {
  { "a size that is no number", "xyz\r\n" },
  { "an empty size", "\r\nhello\r\n0\r\n\r\n" },
  { "a negative size", "-5\r\nhello\r\n0\r\n\r\n" },
  { "a size with a plus", "+5\r\nhello\r\n0\r\n\r\n" },
  { "a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n" },
  { "a size with a space before it", " 5\r\nhello\r\n0\r\n\r\n" },
  { "a size with a space after it", "5 \r\nhello\r\n0\r\n\r\n" },
  { "a size beyond 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n" },
  { "a size of many digits", ("f"):rep(40) .. "\r\nhello\r\n" },
  { "a bare LF after the size", "5\nhello\r\n0\r\n\r\n" },
  { "a bare CR after the size", "5\rhello\r\n0\r\n\r\n" },
  { "too many bytes in a chunk", "5\r\nhello!\r\n0\r\n\r\n" },
  { "too few bytes in a chunk", "5\r\nhell\r\n0\r\n\r\n" },
  { "no CRLF after a chunk", "5\r\nhello0\r\n\r\n" },
  { "a bare LF after a chunk", "5\r\nhello\n0\r\n\r\n" },
  { "a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n" },
  { "a bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n" },
  { "a control character in an extension", "5;a=\1\r\nhello\r\n0\r\n\r\n" },
  { "an extension without a name", "5;=b\r\nhello\r\n0\r\n\r\n" },
  { "extensions without end", "5;" .. ("a"):rep(100000) .. "\r\nhello\r\n0\r\n\r\n" },
  { "a trailer that is no field", "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n" },
  { "a trailer with a space before the colon", "5\r\nhello\r\n0\r\nA : b\r\n\r\n" },
  { "a folded trailer", "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n" },
  { "a trailer with framing", "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n" },
  { "a trailer with Transfer-Encoding", "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" },
  { "a trailer with Host", "5\r\nhello\r\n0\r\nHost: y\r\n\r\n" },
  { "a bare LF at the end", "5\r\nhello\r\n0\r\n\n" },
  { "trailers without end", "5\r\nhello\r\n0\r\n" .. ("X-A: b\r\n"):rep(20000) .. "\r\n", 431 },
}


describe("a chunked body is refused with", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request)
      if request.complete then return 200, request.body end
    end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  -- Every request that began upstream has ended there, and none but the good one came whole.
  local function count_whole()
    local whole = 0
    gate.wait_until(function()
      for _, request in ipairs(up.requests) do
        if request.complete == nil then return false end
      end
      return true
    end, "the ends of all requests upstream")
    for _, request in ipairs(up.requests) do
      if request.complete then whole = whole + 1 end
    end
    return whole
  end

  for _, case in ipairs(bad) do
    it(case[1], function()
      local before = count_whole()
      local c = gate.client(g)
      pcall(c.send, c, HEAD .. case[2])
      local r = c:read("POST")
      assert.is_not_nil(r, "closed without an answer")
      assert.equal(case[3] or 400, r.status)
      assert.is_true(c:is_closed())
      assert.equal(before, count_whole())
      assert.equal("good", g:request("POST", "/", { chunks = { "go", "od" } }).body)
    end)
  end

  it("bytes that were not promised: they are the next request", function()
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloXYZ\r\n\r\n")
    assert.equal("hello", c:read().body)
    assert.equal(400, c:read().status)
    assert.is_true(c:is_closed())
  end)

  it("an end that comes too soon: no answer counts, and nothing whole upstream", function()
    local before = count_whole()
    local c = gate.client(g):send(HEAD .. "5\r\nhel")
    c:half_close()
    local r = c:read("POST")
    assert.is_true(r == nil or r.status == 400)
    assert.equal(before, count_whole())
  end)

  it("an end inside a body of known length: the same", function()
    local before = count_whole()
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    c:half_close()
    local r = c:read("POST")
    assert.is_true(r == nil or r.status == 400)
    assert.equal(before, count_whole())
  end)
end)
