-- SPDX-License-Identifier: Apache-2.0
-- What passes, passes as it was: a response's fields, status and reason.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a response", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  it("keeps order, case and duplicates of its fields", function()
    local lines = { "x-One: 1", "Set-Cookie: a=1", "SERVER: me", "Set-Cookie: b=2", "Date: never" }
    up.handler = function() return 200, "", lines end
    local got = {}
    for _, line in ipairs(g:get("/").headers:lines()) do
      for _, wanted in ipairs(lines) do
        if line == wanted then got[#got + 1] = line end
      end
    end
    assert.same(lines, got)
  end)

  for _, status in ipairs { 200, 201, 226, 299, 301, 400, 404, 418, 451, 499, 500, 503, 599 } do
    it(("%d stays %d"):format(status, status), function()
      up.handler = function() return status, "body" end
      local r = g:get("/")
      assert.equal(status, r.status)
      assert.equal("body", r.body)
    end)
  end

  it("keeps its reason phrase, or the lack of one", function()
    up.handler = function(_, c) c:send("HTTP/1.1 200 Quite Fine!\r\nContent-Length: 0\r\n\r\n") end
    assert.equal("Quite Fine!", g:get("/").reason)
    up.handler = function(_, c) c:send("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n") end
    assert.equal(200, g:get("/").status)
  end)
end)
