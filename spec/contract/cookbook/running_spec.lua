-- SPDX-License-Identifier: Apache-2.0
-- docs/cookbook/running.md: each recipe does what it says.

local kitchen = require "spec.helpers.kitchen"
local gate = require "lunette.spec"
local json = require "lunette.json"

local JSON = { ["Content-Type"] = "application/json" }


describe("Last good answer", function()
  local routes
  before_each(function() routes = kitchen.recipe "Last good answer" end)
  after_each(kitchen.tidy)

  local function ask(status, chunks, options)
    options = options or {}
    local out = routes:request("GET /catalogue/all", { headers = options.asked })
    return gate.response(nil, out, {
      status = status, headers = options.headers or JSON, chunks = chunks, origin = options.origin,
    })
  end

  it("gives what the path said last", function()
    assert.equal("old", ask(200, { "o", "ld" }).body)
    for _, origin in ipairs { "upstream", "gateway" } do
      local out = ask(503, { "broken" }, { origin = origin })
      assert.same({ 200, "old", "true", "application/json" },
        { out.status, out.body, out.headers["X-Stale"], out.headers["Content-Type"] })
    end
    ask(200, { "new" })
    assert.equal("new", ask(500, { "broken" }).body)
    assert.equal(404, ask(404, { "none" }).status)
    gate.clock:advance(86401)
    assert.equal(503, ask(500, { "broken" }).status)
  end)

  it("says when to come back where it has nothing to give", function()
    local out = ask(502, { "broken" })
    assert.same({ 503, "10" }, { out.status, out.headers["Retry-After"] })
  end)

  it("keeps nothing of those who say who they are", function()
    ask(200, { "mine" }, { asked = { Cookie = "a=b" } })
    ask(200, { "mine" }, { headers = { ["Set-Cookie"] = "a=b" } })
    ask(200, { ("x"):rep(128 * 1024), "x" })
    assert.equal(503, ask(500, { "broken" }).status)
  end)
end)


describe("Shed load", function()
  local routes
  before_each(function() routes = kitchen.recipe "Shed load" end)
  after_each(kitchen.tidy)

  local function come(n, plan)
    local inside = {}
    for _ = 1, n do
      local out = routes:request("GET /shop/", { headers = { ["X-Plan"] = plan } })
      if not out.status then inside[#inside + 1] = out end
    end
    return inside
  end

  it("keeps a fifth of its room for those who pay", function()
    local free = come(30)
    assert.equal(16, #free)
    assert.equal(4, #come(10, "gold"))
    assert.equal(20, gate.metrics 'shed_requests_total{route="ANY /shop/*"}')
    for _, out in ipairs(free) do gate.log(gate.response(nil, out, {})) end
    assert.equal(12, #come(30))
  end)

  it("says that it is too much", function()
    come(16)
    local out = routes:request("GET /shop/")
    assert.equal(503, out.status)
    assert.equal("overloaded", out.headers["X-Lunette-Reason"])
    local wait = tonumber(out.headers["Retry-After"])
    assert.is_true(wait >= 1 and wait <= 5)
  end)
end)


describe("Protect a service from overload", function()
  after_each(kitchen.tidy)

  it("knows what is turned away first", function()
    local routes = kitchen.recipe "Protect a service from overload"
    assert.equal("low", routes:match("GET /shop/export").priority)
    assert.equal("high", routes:match("POST /shop/orders").priority)
    assert.is_nil(routes:match("GET /shop/orders").priority)
    assert.equal("shop", routes:match("GET /shop/").service)
  end)
end)


describe("Trace ids", function()
  local routes
  local GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  before_each(function() routes = kitchen.recipe "Trace ids" end)
  after_each(kitchen.tidy)

  local function sent(given)
    local out = routes:request("GET /shop/", { headers = { traceparent = given, tracestate = "a=1" } })
    return out:sent().headers, out
  end

  it("goes on with a trace, under a span of its own", function()
    local headers, out = sent(GIVEN)
    local id, span = headers["traceparent"]:match("^00%-(%x+)%-(%x+)%-01$")
    assert.equal("4bf92f3577b34da6a3ce929d0e0e4736", id)
    assert.not_equal("00f067aa0ba902b7", span)
    assert.same({ 16, "a=1", id }, { #span, headers["tracestate"], out.req.id })
    assert.equal(id, gate.response(nil, out, {}).headers["X-Trace-Id"])
  end)

  for name, value in pairs {
    nothing = false, ["a word"] = "x", ["version ff"] = "ff" .. GIVEN:sub(3),
    ["more than version 00 has"] = GIVEN .. "-x", capitals = GIVEN:upper(),
    ["an id of zeros"] = "00-" .. ("0"):rep(32) .. GIVEN:sub(36),
    ["a parent of zeros"] = GIVEN:sub(1, 36) .. ("0"):rep(16) .. "-01", ["a short id"] = "00-4b" .. GIVEN:sub(6, -2),
  } do
    it("begins one instead of " .. name, function()
      local headers = sent(value or nil)
      local id = headers["traceparent"]:match("^00%-(%x+)%-%x+%-0[01]$")
      assert.equal(32, #id)
      assert.not_equal("4bf92f3577b34da6a3ce929d0e0e4736", id)
      assert.is_nil(headers["tracestate"])
    end)
  end

  it("takes versions to come", function()
    assert.matches("^00%-4bf92f", sent("01" .. GIVEN:sub(3) .. "-what-else")["traceparent"])
  end)

  it("is in the log, and goes along to others", function()
    gate.http:on("GET shop/a", 200)
    gate.http:on("GET shop-next/b", 204)
    local out = routes:request("GET /both", { headers = { traceparent = GIVEN } })
    assert.same({ a = 200, b = 204 }, out:json())
    assert.matches("^00%-4bf92f", gate.http.requests[1].headers["traceparent"])
    gate.log(gate.response(nil, routes:request("GET /shop/"), {}))
    assert.equal(32, #gate.logged()[1].fields.trace)
  end)
end)


describe("Feature flags", function()
  local routes
  local URL = "GET http://localhost:8090/flags.json"
  before_each(function() routes = kitchen.recipe "Feature flags" end)
  after_each(kitchen.tidy)

  local function features(client)
    return routes:request("GET /shop/", { client_id = client or "c" }):sent().headers["X-Features"]
  end

  it("are off until they are known, then as the service says", function()
    assert.equal("", features() or "")
    gate.http:on(URL, 200, { b = true, a = true, off = false })
    gate.clock:advance(0.1)
    assert.equal("a,b", features())
    gate.http:on(URL, 200, { b = true })
    gate.clock:advance(5)
    assert.equal("a,b", features())
    gate.clock:advance(5)
    assert.equal("b", features())
  end)

  it("stay as they were while the service is down, or babbles", function()
    gate.http:on(URL, 200, { a = true })
    gate.clock:advance(0.1)
    for _, answer in ipairs { { nil, "connection refused" }, { 500, "{}" }, { 200, "<html>" } } do
      gate.http:on(URL, unpack(answer, 1, 2))
      gate.clock:advance(10)
      assert.equal("a", features())
    end
    assert.equal(3, #gate.logged())
  end)

  it("go by share, the same for a client every time", function()
    gate.http:on(URL, 200, { a = 25 })
    gate.clock:advance(0.1)
    local n = 0
    for i = 1, 400 do
      local is_on = features("client " .. i)
      assert.equal(is_on, features("client " .. i))
      n = n + (is_on == "a" and 1 or 0)
    end
    assert.is_true(n > 70 and n < 130, n)
  end)
end)


describe("Slow requests", function()
  local routes
  before_each(function() routes = kitchen.recipe "Slow requests" end)
  after_each(kitchen.tidy)

  it("measures all, and writes down the slow ones, but not without end", function()
    for i = 1, 20 do
      local out = routes:request("GET /shop/" .. i)
      gate.log(gate.response(nil, out, { duration = i == 1 and 0.2 or 0.7, address = "10.0.0.9:80", service = "shop" }))
    end
    assert.equal(20, gate.metrics 'request_seconds_count{route="ANY /shop/*"}')
    assert.equal(1, gate.metrics 'request_seconds_bucket{route="ANY /shop/*",le="0.5"}')
    assert.equal(19, gate.metrics 'slow_requests_total{route="ANY /shop/*"}')
    assert.equal(10, #gate.logged())
    assert.equal("10.0.0.9:80", gate.logged()[1].fields.instance)
    assert.equal("at last\n", routes:request("GET /lazy").body)
  end)
end)


describe("Tell a webhook", function()
  local HOOK = "POST http://localhost:8080/alerts"
  before_each(function() kitchen.recipe "Tell a webhook" end)
  after_each(kitchen.tidy)

  local function told(i) return gate.http.requests[i] and json.decode(gate.http.requests[i].body).text end

  it("tells of each change, but not of trials", function()
    gate.http:on(HOOK, 204)
    gate.event("breaker", { service = "shop", instance = "http://a", failed = 6, total = 8 })
    gate.event("breaker", { from = "open", to = "half-open" })
    gate.event("breaker", { service = "shop", instance = "http://a", from = "half-open", to = "closed" })
    gate.event("health", { service = "shop", instance = "http://a" })
    assert.equal("shop http://a: closed -> open (6 of 8 requests failed)", told(1))
    assert.equal("shop http://a: half-open -> closed", told(2))
    assert.equal("shop http://a: up -> down (the connection could not be opened)", told(3))
    assert.equal(3, #gate.http.requests)
  end)

  it("tries again, at most three times", function()
    local n = 0
    gate.http:on(HOOK, function()
      n = n + 1
      return n > 2 and 204 or 503
    end)
    gate.event("breaker")
    gate.clock:advance(1)
    assert.equal(1, n)
    gate.clock:advance(1)
    assert.equal(2, n)
    gate.clock:advance(4)
    assert.equal(3, n)
    gate.http:on(HOOK, nil, "timed out")
    gate.event("breaker")
    gate.clock:advance(600)
    assert.equal(3 + 3, #gate.http.requests)
    assert.equal("timed out", gate.logged()[5].fields.error)
  end)
end)
