-- SPDX-License-Identifier: Apache-2.0
-- docs/cookbook/access.md: each recipe does what it says.

local kitchen = require "spec.helpers.kitchen"
local files = require "spec.helpers.files"
local gate = require "lunette.spec"
local cookbook = require "spec.helpers.cookbook"
local scripts = require "spec.helpers.scripts"


describe("API keys in a file", function()
  local routes
  before_each(function() routes = kitchen.recipe "API keys in a file" end)
  after_each(kitchen.tidy)

  it("knows consumers, and hides their keys from the service", function()
    local out = routes:request("GET /shop/", { headers = { ["X-Api-Key"] = "try-acme", ["X-Consumer-Name"] = "root" } })
    assert.is_nil(out.status)
    assert.same({ "acme", "acme" }, { out.req.client.id, out:sent().headers["X-Consumer-Name"] })
    assert.is_nil(out:sent().headers["X-Api-Key"])
  end)

  it("refuses others", function()
    for _, key in ipairs { "", "try", "TRY-ACME" } do
      local out = routes:request("GET /shop/", { headers = { ["X-Api-Key"] = key } })
      assert.equal(401, out.status)
      assert.equal('ApiKey realm="lunette"', out.headers["WWW-Authenticate"])
    end
    assert.equal(401, routes:request("GET /shop/").status)
  end)

  it("lets partners in where only they may", function()
    local function status(key)
      return routes:request("GET /shop/partners/", { headers = { ["X-Api-Key"] = key } }).status
    end
    assert.same({ nil, 403, 401 }, { status("try-acme"), status("try-small"), status("other") })
  end)

  it("refuses a file with a mistake, and names its line", function()
    local yaml = cookbook.recipe("API keys in a file").files["gateway.yaml"]
    local _, why = pcall(gate.routes, {
      yaml = yaml:gsub("sha256:296c", "sha256:"), routes = files.folder() .. "/routes.lua",
    })
    assert.matches(":9:11: consumers%[0%]%.keys: not a key", tostring(why))
    assert.falsy(tostring(why):find("59e344ac", 1, true))
  end)
end)


describe("Limits by plan", function()
  local routes
  before_each(function() routes = kitchen.recipe "Limits by plan" end)
  after_each(kitchen.tidy)

  local function passed(n, headers)
    local count = 0
    for _ = 1, n do
      if not routes:request("GET /shop/", { headers = headers }).status then count = count + 1 end
    end
    return count
  end

  it("gives each plan its own rate, and each client its own count", function()
    assert.equal(2, passed(5))
    assert.equal(2, passed(5, { ["X-Api-Key"] = "try-small" }))
    assert.equal(50, passed(60, { ["X-Api-Key"] = "try-acme" }))
    gate.clock:advance(1)
    assert.equal(1, passed(5))
  end)

  it("says when to come back", function()
    passed(2)
    local out = routes:request("GET /shop/")
    assert.same({ 429, "1" }, { out.status, out.headers["Retry-After"] })
  end)

  it("wants the default to be one of the plans", function()
    assert.has_error(function() gate.plugin("plan-limit", { plans = { gold = { rate = "1/s" } } }) end,
      'plan-limit:\n  default: there is no plan "free"')
  end)
end)


describe("Seconds, minutes and months", function()
  local routes
  before_each(function() routes = kitchen.recipe "Seconds, minutes and months" end)
  after_each(kitchen.tidy)

  -- Each is over before the next one begins.
  local function ask(path)
    local out = routes:request("GET " .. path, { ip = "10.0.0.1" })
    gate.log(out)
    return out
  end

  it("takes ten for a report, and tells the tightest limit", function()
    assert.is_nil(ask("/shop/reports/1").status)
    assert.is_nil(ask("/shop/reports/1").status)
    local out = ask("/shop/")
    assert.same({ 429, "rate_limited" }, { out.status, out.headers["X-Lunette-Reason"] })
    gate.clock:advance(2)
    assert.is_nil(ask("/shop/").status)
  end)

  it("lets four be under way", function()
    for _ = 1, 4 do routes:request("GET /shop/", { ip = "10.0.0.1" }) end
    assert.equal("too_many_at_once", routes:request("GET /shop/", { ip = "10.0.0.1" }).headers["X-Lunette-Reason"])
  end)
end)


describe("Daily quota in Redis", function()
  local routes
  before_each(function() routes = kitchen.recipe "Daily quota in Redis" end)
  after_each(kitchen.tidy)

  local function ask() return routes:request("GET /shop/", { headers = { ["X-Api-Key"] = "k" } }) end

  it("counts a day of the calendar, whichever gateway comes", function()
    gate.redis:on("EVAL", scripts.with())
    assert.is_nil(ask().status)
    local key = gate.redis.calls[1][4]
    assert.matches("^rate_limit:{day%+0100,client:plugin:%x+}$", key)
    local midnight = math.floor((gate.clock:now() + 3600) / 86400) * 86400 - 3600
    gate.redis:set(("%s:day:%d"):format(key, midnight), "1000", "KEEPTTL")
    local out = ask()
    assert.equal(429, out.status)
    gate.clock:advance(tonumber(out.headers["Retry-After"]))
    assert.is_nil(ask().status)
  end)

  it("counts for itself when Redis is down, and says so", function()
    gate.redis:down()
    assert.is_nil(ask().status)
    assert.matches("Redis does not count", gate.logged()[1].text)
  end)
end)


describe("Allowed addresses and countries", function()
  after_each(kitchen.tidy)

  it("believes the network, and nobody else", function()
    local routes = kitchen.recipe "Allowed addresses and countries"
    local function ask(country, ip, peer)
      return routes:request("GET /shop/", { headers = { ["X-Country"] = country }, ip = ip, peer = peer }).status
    end
    assert.is_nil(ask("DE", "203.0.113.1", "198.51.100.7"))
    assert.equal(451, ask("FR", "203.0.113.1", "198.51.100.7"))
    assert.equal(451, ask(nil, "203.0.113.1", "198.51.100.7"))
    assert.equal(403, ask("DE", "203.0.113.1", "203.0.113.1"))
    assert.is_nil(ask("FR", "192.0.2.3", "198.51.100.7"))
  end)
end)


describe("CORS for a browser application", function()
  local routes
  before_each(function() routes = kitchen.recipe "CORS for a browser application" end)
  after_each(kitchen.tidy)

  it("answers what a browser asks first", function()
    local function ask(origin)
      return routes:request("OPTIONS /api/items", {
        headers = { Origin = origin, ["Access-Control-Request-Method"] = "POST" },
      })
    end
    local out = ask "https://app.example.com"
    assert.equal(204, out.status)
    assert.equal("https://app.example.com", out.headers["Access-Control-Allow-Origin"])
    assert.equal("true", out.headers["Access-Control-Allow-Credentials"])
    assert.equal("3600", out.headers["Access-Control-Max-Age"])
    assert.equal(204, ask("https://pr-7.preview.example.com").status)
    assert.equal(403, ask("https://evil.example").status)
  end)

  it("marks answers, refusals of the limit among them", function()
    local asked = { headers = { Origin = "https://app.example.com" } }
    local function ask() return routes:request("GET /api/items/7", asked) end
    local out = gate.response(nil, ask(), {})
    assert.equal("https://app.example.com", out.headers["Access-Control-Allow-Origin"])
    for _ = 1, 20 do out = ask() end
    assert.equal(429, out.status)
    assert.equal("https://app.example.com", out.headers["Access-Control-Allow-Origin"])
  end)
end)


describe("WebSocket with a ticket", function()
  local routes
  before_each(function() routes = kitchen.recipe "WebSocket with a ticket" end)
  after_each(kitchen.tidy)

  local function ticket()
    return routes:request("POST /tickets", { headers = { ["X-Api-Key"] = "k" } }):json().ticket
  end

  local function open(given) return routes:request("GET /live?a=1&ticket=" .. given) end

  it("opens with a ticket, which the service does not see", function()
    local out = open(ticket())
    assert.is_nil(out.status)
    assert.equal("a=1", out:sent().query)
    assert.equal(32, #out:sent().headers["X-Client-Id"])
  end)

  it("gives tickets to those whom it knows", function()
    assert.equal(401, routes:request("POST /tickets").status)
  end)

  it("refuses tickets that are old, made up, or changed", function()
    local given = ticket()
    assert.equal(401, open("").status)
    assert.equal(401, open("1.2.3").status)
    for i = 1, #given do
      local byte = given:sub(i, i) == "x" and "y" or "x"
      local changed = given:sub(1, i - 1) .. byte .. given:sub(i + 1)
      assert.equal(401, open(changed).status, changed)
    end
    gate.clock:advance(31)
    assert.equal(401, open(given).status)
  end)
end)


describe("Verify the signature of a webhook", function()
  local routes
  local crypto = require "lunette.crypto"
  before_each(function() routes = kitchen.recipe "Verify the signature of a webhook" end)
  after_each(kitchen.tidy)

  local function call(content, change)
    local stamp = ("%d"):format(gate.clock:now() + (change and change.late or 0))
    local sum = crypto.hmac_sha256_hex("only for trying: not a secret", stamp .. "." .. content)
    return routes:request("POST /hooks/payments", {
      body = change and change.content or content,
      headers = { ["X-Timestamp"] = stamp, ["X-Signature"] = change and change.sum or "sha256=" .. sum },
    })
  end

  it("takes what is signed, once", function()
    local out = call '{"paid":7}'
    assert.is_nil(out.status)
    assert.equal('{"paid":7}', out:sent().body)
    assert.same({ seen = true }, call('{"paid":7}'):json())
    assert.is_nil(call('{"paid":8}').status)
  end)

  it("refuses what is not", function()
    assert.equal(401, call("x", { content = "y" }).status)
    assert.equal(401, call("x", { late = -301 }).status)
    assert.equal(401, call("x", { late = 301 }).status)
    assert.equal(401, call("x", { sum = "sha256=" .. ("0"):rep(64) }).status)
    assert.equal(401, call("x", { sum = "" }).status)
    assert.equal(413, call(("x"):rep(256 * 1024 + 1)).status)
    assert.is_nil(call("x").status)
  end)
end)


describe("Sign requests to a service", function()
  after_each(kitchen.tidy)

  it("signs what the service sees", function()
    local crypto = require "lunette.crypto"
    local routes = kitchen.recipe "Sign requests to a service"
    local out = routes:request("POST /shop/orders?dry=1", { body = "{}", headers = { ["X-Signature"] = "made up" } })
    local stamp, sum = out:sent().headers["X-Signature"]:match('^keyId="gateway",ts=(%d+),sha256=(%x+)$')
    local text = table.concat({ stamp, "POST", "/shop/orders", "dry=1", crypto.sha256_hex("{}") }, "\n")
    assert.equal(crypto.hmac_sha256_hex("only for trying: not a secret", text), sum)
    assert.is_nil(routes:request("GET /shop/x").status)
    assert.equal(413, routes:request("POST /shop/x", { body = ("x"):rep(2 ^ 20 + 1) }).status)
  end)
end)
