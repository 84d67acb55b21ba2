-- SPDX-License-Identifier: Apache-2.0
-- A handler that waits first and reads the content then: whatever has come meanwhile is there.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("sleep, then read_body", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up, { extra = { generatedRoutes = false }, routes = [[
      any "/*" {
        to = service "main",
        function() sleep(0.02) end,
        function(req) req.ctx.length = #req:read_body("1m") end,
        function(req) sleep(0.01) req.headers["X-Length"] = tostring(req.ctx.length) end,
      }
    ]] })
  end)
  teardown(gate.cleanup)

  for _, size in ipairs { 0, 10, 5000, 16384, 17000, 40000, 200000 } do
    local body = gate.pattern(size)
    for _, kind in ipairs { "a length", "chunks" } do
      local options = kind == "chunks" and { chunks = size > 0 and { body } or {} } or { body = body }

      it(("gives %d bytes with %s"):format(size, kind), function()
        local r = g:request("POST", "/", options)
        assert.is_true(r.body == body)
        assert.equal(tostring(size), up:last().headers["X-Length"])
      end)

      it(("gives %d bytes with %s, three times pipelined"):format(size, kind), function()
        local c = gate.client(g):send(gate.http.request("POST", "/", options):rep(3))
        for _ = 1, 3 do assert.is_true(c:read("POST").body == body) end
      end)
    end
  end
end)
