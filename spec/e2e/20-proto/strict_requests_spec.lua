-- SPDX-License-Identifier: Apache-2.0
-- Requests that are refused: status, closed connection, nothing upstream, and life goes on.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local bad = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "bad_requests.lua")


describe("a strict gateway refuses", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  for _, case in ipairs(bad) do
    local name, bytes, status = case[1], case[2], case[3] or 400
    it(name, function()
      local before = #up.requests
      local c = gate.client(g):send(bytes)
      local r = c:read()
      assert.is_not_nil(r, "closed without an answer")
      assert.equal(status, r.status)
      assert.equal("close", r.headers["Connection"])
      assert.matches("^[%l%d_]+$", r.headers["X-Lunette-Reason"] or "")
      assert.is_true(c:is_closed())
      assert.equal(before, #up.requests)
      assert.equal(200, g:get("/good").status)
    end)
  end

  it("whatever else was sent with it", function()
    local before = #up.requests
    local c = gate.client(g):send("GET / HTTP/1.1\r\n\r\n" .. gate.http.request("GET", "/smuggled"):rep(50))
    assert.equal(400, c:read().status)
    assert.is_true(c:is_closed())
    assert.equal(before, #up.requests)
  end)
end)
