-- SPDX-License-Identifier: Apache-2.0
-- What systemd is told.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("under systemd (NOTIFY_SOCKET)", function()
  after_each(gate.cleanup)

  it("says READY when it serves, RELOADING in between, STOPPING at the end", function()
    local path = gate.dir():join("notify")
    local notes = gate.socket.datagrams(path)
    local g = gate.proxy(gate.upstream(), { env = { NOTIFY_SOCKET = path } })
    assert.matches("READY=1", notes:recv(), 1, true)
    assert.equal(0, g:reload().code)
    assert.matches("RELOADING=1", notes:recv(), 1, true)
    assert.matches("READY=1", notes:recv(), 1, true)
    g:signal(gate.process.TERM)
    assert.matches("STOPPING=1", notes:recv(), 1, true)
    assert.equal(0, g:wait_exit())
    notes:close()
  end)
end)
