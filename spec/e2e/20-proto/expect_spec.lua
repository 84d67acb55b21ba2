-- SPDX-License-Identifier: Apache-2.0
-- Expect: 100-continue, as a client sees it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local HEAD = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"


describe("Expect: 100-continue", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  it("gets 100 before the body is sent, and then the answer", function()
    local c = gate.client(g):send(HEAD)
    assert.equal(100, c:read_head().status)
    c:send("body")
    local r = c:read()
    assert.equal(200, r.status)
    assert.equal("body", r.body)
  end)

  it("works again on the same connection", function()
    local c = gate.client(g)
    for _ = 1, 3 do
      c:send(HEAD)
      assert.equal(100, c:read_head().status)
      assert.equal("body", c:send("body"):read().body)
    end
  end)

  it("does not wait when the body comes with it", function()
    local c = gate.client(g):send(HEAD .. "body")
    local r = c:read()
    assert.equal(200, r.status)
    assert.equal("body", r.body)
  end)

  it("gets the final answer instead when the upstream refuses", function()
    up.head_only, up.handler = true, function(_, connection)
      connection:respond(401, "who are you?", { Connection = "close" })
      connection:half_close()
      connection:wait_end()
    end
    local r = gate.client(g):send(HEAD):read()
    assert.equal(401, r.status)
    assert.equal("who are you?", r.body)
    up.head_only, up.handler = false, function(request) return 200, request.body end
    assert.equal("good", g:post("/", "good").body)
  end)

  it("gets no 100 when the gateway itself answers", function()
    local other = gate.start { services = {} }
    local r = gate.client(other):send(HEAD):read()
    assert.equal(404, r.status)
    assert.same({}, r.interim)
  end)

  it("is not met for HTTP/1.0", function()
    local c = gate.client(g):send(HEAD:gsub("1%.1", "1.0") .. "body")
    local r = c:read()
    assert.equal(200, r.status)
    assert.same({}, r.interim)
  end)

  it("is the only expectation there is", function()
    local r = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
      .. "Expect: a-miracle\r\n\r\n"):read()
    assert.equal(417, r.status)
    assert.equal("good", g:post("/", "good").body)
  end)
end)
