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
