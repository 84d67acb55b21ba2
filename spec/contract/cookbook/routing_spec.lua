-- SPDX-License-Identifier: Apache-2.0
-- docs/cookbook/routing.md: each recipe does what it says.

local kitchen = require "spec.helpers.kitchen"
local gate = require "lunette.spec"

local function service_of(routes, request, options)
  local route = routes:match(request, options)
  return route and route.service
end


describe("A/B test", function()
  local routes
  before_each(function() routes = kitchen.recipe "A/B test" end)
  after_each(kitchen.tidy)

  local function cookie(out)
    return (gate.response(nil, out, { service = "shop" }).headers["Set-Cookie"] or ""):match("^visitor=(%x+); Path=/")
  end

  it("gives a cookie to visitors without one, or with one that is none", function()
    local id = cookie(routes:request("GET /shop/"))
    assert.equal(32, #id)
    assert.not_equal(id, cookie(routes:request("GET /shop/")))
    assert.equal(32, #cookie(routes:request("GET /shop/", { headers = { Cookie = "visitor=x" } })))
    assert.is_nil(cookie(routes:request("GET /shop/", { headers = { Cookie = "visitor=" .. id } })))
  end)

  it("keeps a visitor at a variant, and halves them", function()
    local seen = { shop = 0, ["shop-next"] = 0 }
    for i = 1, 200 do
      local headers = { Cookie = ("visitor=%032x"):format(i) }
      local first = routes:request("GET /shop/", { headers = headers }).req.upstream.name
      assert.equal(first, routes:request("GET /shop/", { headers = headers, ip = "10.7.7.7" }).req.upstream.name)
      seen[first] = seen[first] + 1
    end
    assert.is_true(seen.shop > 70 and seen["shop-next"] > 70)
  end)

  it("says which variant answered", function()
    local out = gate.response(nil, routes:request("GET /shop/"), {
      service = "shop-next", address = "10.0.0.9:80",
    })
    assert.equal("shop-next", out.headers["X-Variant"])
  end)
end)


describe("Canary by header", function()
  after_each(kitchen.tidy)

  it("takes testers, by header or cookie, and nobody else", function()
    local routes = kitchen.recipe "Canary by header"
    local function at(headers) return service_of(routes, "GET /shop/cart", { headers = headers }) end
    assert.equal("shop", at {})
    assert.equal("shop-next", at { ["X-Canary"] = "yes" })
    assert.equal("shop-next", at { Cookie = "canary=yes" })
    assert.equal("shop-next", at { ["X-Canary"] = "yes", Cookie = "canary=yes" })
    assert.equal("shop", at { ["X-Canary"] = "no" })
  end)
end)


describe("Canary by share", function()
  after_each(kitchen.tidy)

  it("takes five of a hundred sessions, always the same ones, and marks them", function()
    local routes = kitchen.recipe "Canary by share"
    local n = 0
    for i = 1, 2000 do
      local options = { headers = { Cookie = "session=" .. i } }
      local service = service_of(routes, "GET /shop/", options)
      options.ip = "192.0.2.9"
      assert.equal(service, service_of(routes, "GET /shop/", options))
      if service == "shop-next" then
        n = n + 1
        assert.equal("yes", routes:request("GET /shop/", options):sent().headers["X-Canary"])
      end
    end
    assert.is_true(n > 60 and n < 140, n)
  end)
end)


describe("Versions of an API", function()
  local routes
  before_each(function() routes = kitchen.recipe "Versions of an API" end)
  after_each(kitchen.tidy)

  it("goes by the path, and says when the old one ends", function()
    assert.equal("shop", service_of(routes, "GET /v1/items/7"))
    assert.equal("shop-next", service_of(routes, "GET /v2/items/7"))
    local out = gate.response(nil, routes:request("GET /v1/items/7"), {})
    assert.matches("^Thu, 01 Jul 2027", out.headers["Sunset"])
    assert.is_nil(gate.response(nil, routes:request("GET /v2/items/7"), {}).headers["Sunset"])
  end)

  it("goes by headers where the path is silent", function()
    local function at(headers) return service_of(routes, "GET /items/7", { headers = headers }) end
    assert.equal("shop", at {})
    assert.equal("shop", at { Accept = "*/*", ["X-Api-Version"] = "2" })
    assert.equal("shop-next", at { Accept = "application/vnd.shop.v2+json" })
    assert.equal("shop-next", at { ["X-Api-Version"] = "2" })
  end)
end)


describe("A service for each tenant", function()
  local routes
  before_each(function() routes = kitchen.recipe "A service for each tenant" end)
  after_each(kitchen.tidy)

  it("sends tenants where they belong", function()
    local function at(tenant)
      local out = routes:request("GET /shop/", { headers = { ["X-Tenant"] = tenant } })
      return out.status or out.req.upstream.name
    end
    assert.equal("shop-next", at "acme")
    assert.equal("shop", at "small")
    assert.equal(400, at(nil))
  end)

  it("goes by host names", function()
    assert.equal("shop-next", service_of(routes, "GET http://acme.example.com/x"))
    assert.equal("shop", service_of(routes, "GET http://small.example.com/x"))
    assert.is_nil(service_of(routes, "GET http://example.com/x"))
  end)
end)


describe("Instances that come and go", function()
  after_each(kitchen.tidy)

  it("go to one service, whoever they are", function()
    local routes = kitchen.recipe "Instances that come and go"
    assert.equal("shop", service_of(routes, "GET /shop/cart"))
    assert.is_nil(service_of(routes, "GET /other"))
  end)
end)


describe("Mock what is not there", function()
  after_each(kitchen.tidy)

  it("answers for what is missing, and lets the rest go on", function()
    local routes = kitchen.recipe "Mock what is not there"
    local before = gate.clock:now()
    local out = routes:request("GET /shop/recommendations")
    assert.equal("Map", out:json().items[2].name)
    assert.is_true(gate.clock:now() - before >= 0.149)
    assert.equal(202, routes:request("POST /shop/recommendations/7").status)
    assert.is_nil(routes:request("GET /shop/cart").status)
    assert.same({ hello = 'A"n' }, routes:request('GET /shop/greeting/A"n'):json())
  end)
end)


describe("Maintenance window", function()
  local routes
  before_each(function()
    routes = kitchen.recipe "Maintenance window"
    gate.clock:advance(1795993200 - gate.clock:now() + 60) -- 2026-11-29T23:01:00Z
  end)
  after_each(kitchen.tidy)

  it("closes, but not for the office and not for the monitoring", function()
    local out = routes:request("GET /shop/", { ip = "203.0.113.7" })
    assert.equal(503, out.status)
    assert.equal(tostring(149 * 60), out.headers["Retry-After"])
    assert.is_nil(routes:request("GET /shop/", { ip = "192.0.2.3" }).status)
    assert.is_nil(routes:request("GET /shop/", { ip = "2001:db8:7::1" }).status)
    assert.is_nil(routes:request("GET /shop/health", { ip = "203.0.113.7" }).status)
  end)

  it("opens by itself", function()
    gate.clock:advance(9000)
    assert.is_nil(routes:request("GET /shop/", { ip = "203.0.113.7" }).status)
  end)
end)


describe("Stay with an instance", function()
  after_each(kitchen.tidy)

  it("has a service of its own", function()
    local routes = kitchen.recipe "Stay with an instance"
    assert.equal("cart", service_of(routes, "GET /cart/items"))
  end)
end)
