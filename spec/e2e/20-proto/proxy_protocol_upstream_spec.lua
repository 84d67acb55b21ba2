-- SPDX-License-Identifier: Apache-2.0
-- The PROXY protocol to instances.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local V2 = "\r\n\r\n\0\r\nQUIT\n"


describe("a PROXY header to instances", function()
  after_each(gate.cleanup)

  -- An upstream that takes `length` bytes or a line before HTTP, and keeps them.
  local function behind(version)
    local headers = {}
    local up = gate.upstream { script = function(connection)
      headers[#headers + 1] = version == "v1" and connection:read_until("\r\n") or connection:read_exactly(28)
      while connection:read_request() do connection:respond(200, "ok") end
    end }
    return headers, up, gate.proxy(up, { service = { proxyProtocol = version } })
  end

  it("v1 names the client", function()
    local headers, _, g = behind "v1"
    assert.equal(200, g:get("/", { from = "127.0.0.7" }).status)
    assert.matches("^PROXY TCP4 127%.0%.0%.7 127%.0%.0%.1 %d+ " .. g.port .. "\r\n$", headers[1])
  end)

  it("v2 names the client", function()
    local headers, _, g = behind "v2"
    assert.equal(200, g:get("/", { from = "127.0.0.7" }).status)
    assert.equal(V2 .. "\33\17\0\12" .. "\127\0\0\7\127\0\0\1", headers[1]:sub(1, 24))
  end)

  it("serves one client's connection only", function()
    local headers, up, g = behind "v1"
    local one, two = gate.client(g, { from = "127.0.0.7" }), gate.client(g, { from = "127.0.0.8" })
    for _ = 1, 3 do
      assert.equal(200, one:get("/").status)
      assert.equal(200, two:get("/").status)
    end
    for _, request in ipairs(up.requests) do
      local from = headers[request.connection]:match("TCP4 (%S+)")
      assert.equal(from, request.headers["X-Forwarded-For"])
    end
    one:close()
    two:close()
    up:wait_open(0)
  end)
end)
