-- SPDX-License-Identifier: Apache-2.0
-- Large heads of requests, whole and in pieces.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a large request head", function()
  after_each(gate.cleanup)

  for _, size in ipairs { 8000, 15000, 16300, 16500, 24000, 31000 } do
    it(("with a field of %d bytes passes, whole or in pieces"):format(size), function()
      local up = gate.upstream()
      local g = gate.proxy(up)
      local value = gate.pattern(size)
      local bytes = gate.http.request("POST", "/", { headers = { ["X-Large"] = value }, body = "abc" })
      local c = gate.client(g):send(bytes)
      assert.equal(200, c:read().status)
      for at = 1, #bytes, 5000 do
        c:send(bytes:sub(at, at + 4999))
        gate.loop.breathe()
      end
      assert.equal(200, c:read().status)
      for i = 1, 2 do
        assert.equal(value, up.requests[i].headers["X-Large"])
        assert.equal("abc", up.requests[i].body)
      end
    end)
  end
end)
