-- SPDX-License-Identifier: Apache-2.0
-- Interim answers without end cost neither memory nor time without end.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local limits = require "spec.support.wire_limits"


local MIB = 1048576


describe("interim answers that come one by one", function()
  after_each(gate.cleanup)

  it("do not pile up in memory", function()
    local hints = "HTTP/1.1 103 Early Hints\r\nLink: </" .. ("a"):rep(16000) .. ">\r\n\r\n"
    local g = gate.proxy(gate.upstream(function(request, connection)
      if request.target == "/clean" then return 200, "clean" end
      pcall(function()
        for _ = 1, 1500 do
          connection:send(hints)
          gate.pause(0.0005)
        end
      end)
      if connection.socket.fd then return 200, "final" end
    end))
    for _ = 1, 5 do g:get("/clean") end
    local before = g:memory("VmHWM")
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    local ok, r = pcall(c.read, c, "GET", 20)
    assert.is_true(ok and (r.body == "final" or r.status == 502))
    if not limits.is_sanitized(g) then
      assert.is_true(g:memory("VmHWM") - before < 2 * MIB, "grew by " .. g:memory("VmHWM") - before)
    end
    assert.equal("clean", g:get("/clean").body)
  end)
end)
