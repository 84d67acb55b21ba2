-- SPDX-License-Identifier: Apache-2.0
-- Upgrades that do not become tunnels.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an upgrade", function()
  after_each(gate.cleanup)

  local function asked(head, version)
    local up = gate.upstream(function(_, connection) connection:respond(200, "no") end)
    local c = gate.client(gate.proxy(up))
    local r = c:send(("GET /ws HTTP/%s\r\nHost: x\r\n%s\r\n"):format(version or "1.1", head)):read()
    assert.equal("no", r.body)
    return up:last().headers, c
  end

  it("that the instance declines is an ordinary exchange, and the connection stays", function()
    local headers, c = asked "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    assert.equal("websocket", headers["Upgrade"])
    assert.equal("no", c:get("/").body)
  end)

  it("to h2c is not passed on: it would hide requests from the gateway", function()
    local headers = asked "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n"
    assert.is_nil(headers["Upgrade"])
    assert.is_nil(headers["HTTP2-Settings"])
  end)

  it("without Connection: Upgrade is none", function()
    assert.is_nil(asked("Upgrade: websocket\r\n")["Upgrade"])
  end)

  it("in HTTP/1.0 is none", function()
    assert.is_nil(asked("Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.0")["Upgrade"])
  end)
end)
