-- SPDX-License-Identifier: Apache-2.0
-- Clients that half-close: what they have asked is answered.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a client that half-closes", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local function half_closed(bytes)
    local c = gate.client(g):send(bytes)
    c:half_close()
    return c
  end

  it("right behind a whole request with a body is served, on a fresh connection upstream", function()
    up:close_connections()
    local c = half_closed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    assert.equal("abc", c:read("POST").body)
    assert.is_true(c:is_closed())
  end)

  it("behind a whole chunked body is served", function()
    up:close_connections()
    local c = half_closed(gate.http.request("POST", "/", { chunks = { "abc", "d" } }))
    assert.equal("abcd", c:read("POST").body)
  end)

  it("behind several pipelined requests has them all served", function()
    local c = half_closed(gate.http.request("POST", "/", { body = "1" }) .. gate.http.request("GET", "/")
      .. gate.http.request("POST", "/", { chunks = { "3" } }))
    for _, body in ipairs { "1", "", "3" } do assert.equal(body, c:read().body) end
    assert.is_true(c:is_closed())
  end)
end)
