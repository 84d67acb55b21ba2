-- SPDX-License-Identifier: Apache-2.0
-- Forwarding fields of trusted proxies.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function fields(up)
  local h = up:last().headers
  return {
    ["for"] = h["X-Forwarded-For"], proto = h["X-Forwarded-Proto"], host = h["X-Forwarded-Host"],
    port = h["X-Forwarded-Port"], prefix = h["X-Forwarded-Prefix"],
  }
end


local LIES = {
  "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test",
  "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil", "X-Origin-Host: evil",
  "Forwarded: for=6.6.6.6", "X-Request-Id: mine",
}


describe("forwarding fields from a trusted proxy", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up, { gateway = { trustedProxies = { "127.0.0.0/8" } } })
  end)
  teardown(gate.cleanup)

  it("are believed and continued", function()
    g:get("/", { headers = { "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https",
      "X-Forwarded-Host: shop.example", "X-Forwarded-Port: 443", "X-Request-Id: theirs" } })
    local f = fields(up)
    assert.equal("203.0.113.7, 127.0.0.1", f["for"])
    assert.equal("https", f.proto)
    assert.equal("shop.example", f.host)
    assert.equal("443", f.port)
    assert.equal("theirs", up:last().headers["X-Request-Id"])
    for _, name in ipairs { "For", "Proto", "Host", "Port" } do
      assert.equal(1, #up:last().headers:all("X-Forwarded-" .. name))
    end
  end)

  it("are an ordinary client's when there are none", function()
    g:get("/")
    assert.equal("127.0.0.1", fields(up)["for"])
    assert.equal("http", fields(up).proto)
  end)

  it("from another network are not believed", function()
    local strict = gate.proxy(up, { gateway = { trustedProxies = { "10.0.0.0/8" } } })
    strict:get("/", { headers = LIES })
    assert.equal("127.0.0.1", fields(up)["for"])
  end)
end)
