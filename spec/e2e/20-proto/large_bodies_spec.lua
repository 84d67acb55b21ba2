-- SPDX-License-Identifier: Apache-2.0
-- Streaming: 8 MiB both ways unharmed, with bounded memory.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local MIB = 1048576


describe("large bodies", function()
  local up, g, body

  setup(function()
    body = gate.pattern(8 * MIB)
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up)
    g:get("/warm")
  end)
  teardown(gate.cleanup)

  it("pass both ways with Content-Length", function()
    local r = g:post("/", body, { timeout = 20 })
    assert.is_true(r.body == body)
  end)

  it("pass both ways chunked", function()
    up.handler = function(request, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      for at = 1, #request.body, 100000 do
        connection:send(gate.http.chunk(request.body:sub(at, at + 99999)))
      end
      connection:send("0\r\n\r\n")
    end
    local chunks = {}
    for at = 1, #body, 50021 do chunks[#chunks + 1] = body:sub(at, at + 50020) end
    local r = g:request("POST", "/", { chunks = chunks, timeout = 20 })
    assert.is_true(r.complete)
    assert.is_true(r.body == body)
  end)

  it("do not need memory of their size", function()
    assert.is_true(g:memory("VmHWM") < (gate.slow > 1 and 400 or 40) * MIB)
  end)
end)
