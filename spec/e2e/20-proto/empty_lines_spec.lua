-- SPDX-License-Identifier: Apache-2.0
-- Empty lines between requests.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an empty line behind a request", function()
  after_each(gate.cleanup)

  it("is ignored before the next one", function()
    local c = gate.client(gate.proxy(gate.upstream()))
    for _ = 1, 3 do
      c:send(gate.http.request("GET", "/") .. "\r\n")
      assert.equal(200, c:read().status)
    end
  end)

  it("does not keep the connection from its idle timeout", function()
    local g = gate.proxy(gate.upstream(), { gateway = { timeouts = { idle = "200ms", header = "300ms" } } })
    local c = gate.client(g):send(gate.http.request("GET", "/") .. "\r\n")
    assert.equal(200, c:read().status)
    c.socket:read_all(3)
  end)

  it("after another keeps nobody for ever either", function()
    local g = gate.proxy(gate.upstream(), { gateway = { timeouts = { idle = "200ms", header = "300ms" } } })
    local c = gate.client(g)
    local sender = gate.go("sender", function()
      for _ = 1, 200 do
        c:send("\r\n")
        gate.pause(0.02)
      end
    end)
    c.socket:read_all(3)
    gate.loop.abandon(sender)
  end)
end)
