-- SPDX-License-Identifier: Apache-2.0
-- Who a request is counted as: what proxies tell, what strangers make up, and keys that look like somebody else.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local ROUTES = [[any "/*" { function(req)
  local client = req.client
  return 200, { ip = client.ip, peer = client.peer, id = client.id, key = client.key,
    seen = req.headers["X-Forwarded-For"] or req.headers["Forwarded"] or req.headers["X-Real-IP"] or "nothing" }
end }]]


local function start(gateway, more)
  local options = { gateway = gateway, routes = ROUTES }
  for key, value in pairs(more or {}) do options[key] = value end
  return gate.start(options)
end


local function who(g, ...)
  return g:get("/", { headers = { ... } }):json()
end


local CLAIMS = {
  "X-Forwarded-For: 198.51.100.1", "Forwarded: for=198.51.100.1", "X-Real-IP: 198.51.100.1",
}


describe("the client's address", function()
  after_each(gate.cleanup)

  for _, claim in ipairs(CLAIMS) do
    local name = claim:match("^[^:]+")

    it("is believed from a trusted proxy in " .. name, function()
      local g = start { trustedProxies = { "127.0.0.0/8" } }
      local seen = who(g, claim)
      assert.equal("198.51.100.1", seen.ip)
      assert.equal("198.51.100.1", seen.key)
      assert.equal("127.0.0.1", seen.peer)
    end)

    it("is not believed from anybody else in " .. name, function()
      local seen = who(start { trustedProxies = { "10.0.0.0/8" } }, claim)
      assert.equal("127.0.0.1", seen.ip)
      assert.equal("nothing", seen.seen)
    end)

    it("is not believed in " .. name .. " when the proxies do not write it", function()
      local others = {}
      for _, other in ipairs(CLAIMS) do
        local header = other:match("^[^:]+")
        if header ~= name then others[#others + 1] = header end
      end
      local g = start { trustedProxies = { "127.0.0.0/8" }, identity = { proxyHeaders = others } }
      local seen = who(g, claim)
      assert.equal("127.0.0.1", seen.ip)
      assert.equal("nothing", seen.seen)
    end)
  end

  it("is one network of IPv6, and has no port", function()
    local g = start { trustedProxies = { "127.0.0.0/8" } }
    local seen = who(g, 'Forwarded: for="[2001:db8:1:2:3:4:5:6]:4711"')
    assert.equal("2001:db8:1:2:3:4:5:6", seen.ip)
    assert.equal("2001:db8:1:2::", seen.id)
    assert.equal("198.51.100.1", who(g, "X-Real-IP: 198.51.100.1:4711").id)
  end)

  for _, limit in ipairs {
    'rate-limit" { rate = "1/h", burst = 1, by = "ip" }',
    'rate-limit" { rate = "1/h", burst = 1, by = "{client.network}" }',
    'quota" { limit = 1, by = { "ip", "method" } }',
  } do
    it("counts as its network of IPv6 for " .. limit, function()
      local g = start({ trustedProxies = { "127.0.0.0/8" }, identity = { from = { "header:X-Key" }, ipv6Prefix = 56 } },
        { routes = 'use "' .. limit .. "\n" .. ROUTES })
      local function from(address, key)
        return g:get("/", { headers = { 'Forwarded: for="' .. address .. '"', "X-Key: " .. key } }).status
      end
      assert.equal(200, from("[2001:db8:1:200::1]", "a"))
      assert.equal(429, from("[2001:db8:1:2ff:8000::5]", "b"))
      assert.equal(200, from("[2001:db8:1:300::1]", "a"))
      assert.equal(200, from("198.51.100.1", "a"))
      assert.equal(200, from("198.51.100.2", "a"))
    end)
  end

  it("is the proxy's where the fields say nothing or contradict themselves", function()
    local g = start { trustedProxies = { "127.0.0.0/8" } }
    assert.equal("127.0.0.1", who(g, "X-Real-IP: 198.51.100.1", "X-Real-IP: 198.51.100.2").ip)
    assert.equal("127.0.0.1", who(g, "Forwarded: for=unknown", "X-Real-IP: 6.6.6.6").ip)
    assert.equal("127.0.0.1", who(g, "Forwarded: for=_hidden").ip)
    assert.equal("198.51.100.1", who(g, "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 198.51.100.1").ip)
  end)
end)


describe("the client's scheme", function()
  after_each(gate.cleanup)

  local function scheme(gateway, ...)
    gateway.trustedProxies = gateway.trustedProxies or { "127.0.0.0/8" }
    local up = gate.upstream()
    local g = gate.proxy(up, { gateway = gateway })
    assert.equal(200, g:get("/", { headers = { ... } }).status)
    return table.concat(up:last().headers:all("X-Forwarded-Proto"), "|")
  end

  it("is what a trusted proxy says in Forwarded, too", function()
    assert.equal("https", scheme({}, "Forwarded: for=198.51.100.1;proto=https"))
    assert.equal("http", scheme({}, "Forwarded: for=6.6.6.6;proto=https, for=198.51.100.1;proto=http"))
    assert.equal("http", scheme({ trustedProxies = { "10.0.0.0/8" } }, "Forwarded: for=198.51.100.1;proto=https"))
  end)

  it("is told as one value, the one that is believed", function()
    assert.equal("http", scheme({}, "X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https, http"))
    assert.equal("http", scheme({}, "X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https",
      "X-Forwarded-Proto: http"))
    assert.equal("https", scheme({}, "X-Forwarded-For: 198.51.100.1, 127.0.0.9", "X-Forwarded-Proto: https, http"))
    assert.equal("http", scheme({}, "X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: , "))
  end)

  it("is not what a client says through a proxy that writes Forwarded", function()
    assert.equal("http", scheme({ identity = { proxyHeaders = "Forwarded" } }, "X-Forwarded-Proto: https",
      "Forwarded: for=198.51.100.1;proto=http"))
  end)
end)


describe("a client with another one's address as its key", function()
  after_each(gate.cleanup)

  it("does not share the gateway's count", function()
    local g = start({ identity = { from = { "header:X-Key", "query:key", "cookie:key", "address" } } },
      { rateLimit = { limit = 1, window = "24h", burstSize = 1 } })
    local function status(path, ...) return g:get(path, { headers = { ... } }).status end
    assert.equal(200, status("/", "X-Key: 127.0.0.1"))
    assert.equal(429, status("/", "X-Key: 127.0.0.1"))
    assert.equal(200, status("/?key=127.0.0.1"))
    assert.equal(200, status("/", "Cookie: key=127.0.0.1"))
    assert.equal(200, status("/"))
    assert.equal(429, status("/"))
  end)

  it("does not share the count of rate-limit", function()
    local g = start({}, { routes = [[
      use "client-id" { from = { "header:X-Key" }, hash = false }
      use "rate-limit" { rate = "1/h", burst = 1 }
    ]] .. ROUTES })
    local function status(...) return g:get("/", { headers = { ... } }).status end
    assert.equal(200, status("X-Key: 127.0.0.1"))
    assert.equal(429, status("X-Key: 127.0.0.1"))
    assert.equal(200, status())
    assert.equal(429, status())
  end)
end)


describe("an identity from a header that is stripped", function()
  after_each(gate.cleanup)

  it("is warned of, because it gives nothing", function()
    local g = start { identity = { from = { "header:X-User", "address" } }, headers = { strip = "X-User" } }
    g:wait_log('gateway.identity.from: "header:X%-User" gives nothing')
    assert.equal("127.0.0.1", who(g, "X-User: root").key)
  end)
end)
