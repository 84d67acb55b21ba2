-- SPDX-License-Identifier: Apache-2.0
-- gateway.headers: what is added for the upstream.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local LIES = {
  "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test",
  "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil", "X-Origin-Host: evil",
  "Forwarded: for=6.6.6.6", "X-Request-Id: mine",
}


describe("gateway.headers", function()
  after_each(gate.cleanup)

  local function sent(headers)
    local up = gate.upstream()
    gate.proxy(up, { gateway = { headers = headers } }):get("/", { headers = LIES })
    return up:last().headers
  end

  it("forwarded: none adds nothing, and still discards", function()
    local h = sent { forwarded = "none" }
    for _, name in ipairs { "For", "Proto", "Host", "Port", "Prefix" } do
      assert.is_nil(h["X-Forwarded-" .. name])
    end
    assert.is_nil(h["Forwarded"])
  end)

  it("forwarded: rfc7239 adds Forwarded alone", function()
    local h = sent { forwarded = "rfc7239" }
    assert.is_nil(h["X-Forwarded-For"])
    assert.matches("for=\"?127%.0%.0%.1", h["Forwarded"])
    assert.matches("proto=http", h["Forwarded"])
  end)

  it("forwarded: both adds both", function()
    local h = sent { forwarded = "both" }
    assert.equal("127.0.0.1", h["X-Forwarded-For"])
    assert.matches("for=", h["Forwarded"])
  end)

  it("originHost: off", function()
    assert.is_nil(sent({ originHost = false })["X-Origin-Host"])
  end)

  it("requestId: another name, or none", function()
    assert.matches("%S", sent({ requestId = "X-Trace" })["X-Trace"])
    assert.is_nil(sent({ requestId = "" })["X-Trace"])
  end)

  it("via: on", function()
    assert.matches("^1%.1 ", sent({ via = true })["Via"])
  end)
end)
