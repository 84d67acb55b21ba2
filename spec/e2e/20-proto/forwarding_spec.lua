-- SPDX-License-Identifier: Apache-2.0
-- What the gateway tells the upstream about the client, and whom it believes.

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


describe("forwarding fields", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.start { services = {
      { name = "main", path = "/api", instances = { up } },
      { name = "host", path = "/host", preserveHost = true, instances = { up } },
    } }
  end)
  teardown(gate.cleanup)

  it("tell who asked for what", function()
    g:get("/api/x", { host = "Shop.example" })
    assert.same({
      ["for"] = "127.0.0.1", proto = "http", host = "Shop.example", port = tostring(g.port),
      prefix = "/api",
    }, fields(up))
  end)

  it("name the instance in X-Origin-Host", function()
    g:get("/api")
    assert.equal(up.address, up:last().headers["X-Origin-Host"])
  end)

  it("give the request an id, the same that a plain answer shows", function()
    g:get("/api")
    assert.matches("^%w[%w-]+$", up:last().headers["X-Request-Id"])
  end)

  it("discard what an untrusted client says", function()
    g:get("/api", { headers = LIES })
    local h = up:last().headers
    assert.equal("127.0.0.1", h["X-Forwarded-For"])
    assert.equal("http", h["X-Forwarded-Proto"])
    assert.equal("gateway.test", h["X-Forwarded-Host"])
    assert.equal(tostring(g.port), h["X-Forwarded-Port"])
    assert.equal("/api", h["X-Forwarded-Prefix"])
    assert.equal(up.address, h["X-Origin-Host"])
    assert.is_nil(h["Forwarded"])
    assert.is_not.equal("mine", h["X-Request-Id"])
  end)

  it("stand once each", function()
    g:get("/api", { headers = LIES })
    for _, name in ipairs { "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "X-Origin-Host" } do
      assert.equal(1, #up:last().headers:all(name))
    end
  end)

  it("Host is the instance's, or the client's with preserveHost", function()
    g:get("/api", { host = "shop.example" })
    assert.equal(up.address, up:last().headers["Host"])
    g:get("/host", { host = "shop.example:8080" })
    assert.equal("shop.example:8080", up:last().headers["Host"])
  end)
end)
