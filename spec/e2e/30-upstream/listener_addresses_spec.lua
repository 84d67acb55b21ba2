-- SPDX-License-Identifier: Apache-2.0
-- Listeners: unix sockets, several at once, either family.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a listener", function()
  after_each(gate.cleanup)

  it("may be a unix socket", function()
    local path = gate.dir():join("gw.sock")
    local g = gate.proxy(gate.upstream(), { gateway = { port = "unix:" .. path } })
    assert.equal(200, g:get("/").status)
  end)

  it("may be one of several, IPv6 among them", function()
    local g = gate.proxy(gate.upstream(), { gateway = { listeners = {
      { name = "four", listen = "127.0.0.1:0" }, { name = "six", listen = "[::1]:0" },
    } } })
    for _, name in ipairs { "four", "six" } do
      assert.equal(200, g:get("/", { listener = name }).status)
    end
  end)
end)
