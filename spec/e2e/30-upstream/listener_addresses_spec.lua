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

  it("on a unix socket believes nobody, unless it is told to", function()
    local function start(trusted, proxy)
      local up, path = gate.upstream(), gate.dir():join("gw.sock")
      return gate.proxy(up, {
        rateLimit = { limit = 1, window = "24h", burstSize = 1 },
        gateway = {
          listeners = { { name = "main", listen = "unix:" .. path, proxyProtocol = proxy } }, trustedProxies = trusted,
        },
      }), up
    end
    local function ask(g, address)
      return g:get("/", { headers = { "X-Forwarded-For: " .. address, "X-Request-Id: theirs" } }).status
    end
    local g, up = start({ "0.0.0.0/0", "::/0" })
    assert.equal(200, ask(g, "203.0.113.1"))
    assert.equal("unknown", up:last().headers["X-Forwarded-For"])
    assert.equal(429, ask(g, "203.0.113.2"))
    g, up = start { "10.0.0.0/8", "unix:" }
    assert.equal(200, ask(g, "203.0.113.1"))
    assert.equal("203.0.113.1, unknown", up:last().headers["X-Forwarded-For"])
    assert.equal("theirs", up:last().headers["X-Request-Id"])
    assert.equal(200, ask(g, "203.0.113.2"))
    assert.equal(429, ask(g, "203.0.113.1"))
    g, up = start({ "unix:" }, "require")
    local c = gate.client(g)
    c:send("PROXY TCP4 203.0.113.9 10.0.0.1 4000 80\r\n" .. gate.http.request("GET", "/"))
    assert.equal(200, c:read().status)
    assert.equal("203.0.113.9", up:last().headers["X-Forwarded-For"])
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
