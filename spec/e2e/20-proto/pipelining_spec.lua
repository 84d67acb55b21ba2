-- SPDX-License-Identifier: Apache-2.0
-- Pipelined requests: answered in order, each with its own framing.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("pipelined requests", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.target .. request.body end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  it("are answered in order, a hundred at once", function()
    local all = {}
    for i = 1, 100 do all[i] = gate.http.request("GET", "/" .. i) end
    local c = gate.client(g):send(table.concat(all))
    for i = 1, 100 do assert.equal("/" .. i, c:read().body) end
    assert.is_true(c:is_open())
  end)

  it("may have bodies of every kind between them", function()
    local c = gate.client(g):send(
      gate.http.request("POST", "/a", { body = "1" })
      .. gate.http.request("GET", "/b")
      .. gate.http.request("POST", "/c", { chunks = { "2", "3" } })
      .. gate.http.request("POST", "/d", { body = "" })
      .. gate.http.request("GET", "/e"))
    for _, body in ipairs { "/a1", "/b", "/c23", "/d", "/e" } do
      assert.equal(body, c:read().body)
    end
  end)

  it("may be cut anywhere", function()
    local bytes = gate.http.request("POST", "/x", { chunks = { "ab", "c" } })
      .. gate.http.request("GET", "/y")
    for cut = 1, #bytes - 1, 7 do
      local c = gate.client(g):send(bytes:sub(1, cut))
      gate.loop.breathe()
      c:send(bytes:sub(cut + 1))
      assert.equal("/xabc", c:read().body)
      assert.equal("/y", c:read().body)
      c:close()
    end
  end)

  it("wait their turn behind a slow one", function()
    local open = gate.gate("the slow answer")
    up.handler = function(request)
      if request.target == "/slow" then open:wait() end
      return 200, request.target
    end
    local c = gate.client(g):send(gate.http.request("GET", "/slow") .. gate.http.request("GET", "/fast"))
    gate.wait_until(function() return up:last().target == "/slow" end, "the slow request")
    assert.is_true(c:is_open())
    open:open()
    assert.equal("/slow", c:read().body)
    assert.equal("/fast", c:read().body)
  end)

  it("end with the first that asks to close", function()
    up.handler = function(request) return 200, request.target end
    local c = gate.client(g):send(
      gate.http.request("GET", "/last", { headers = { Connection = "close" } })
      .. gate.http.request("GET", "/never"))
    assert.equal("/last", c:read().body)
    assert.is_true(c:is_closed())
    assert.equal("/last", up:last().target)
  end)

  it("end with the first that is malformed; those before it are answered", function()
    local c = gate.client(g):send(gate.http.request("GET", "/good") .. "BAD\r\n\r\n"
      .. gate.http.request("GET", "/never"))
    assert.equal("/good", c:read().body)
    assert.equal(400, c:read().status)
    assert.is_true(c:is_closed())
    assert.equal("/good", up:last().target)
  end)
end)
