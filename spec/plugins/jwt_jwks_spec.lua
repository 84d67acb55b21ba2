-- SPDX-License-Identifier: Apache-2.0
-- plugins/jwt.lua with the key set that an issuer publishes.

local gate = require "lunette.spec"
local json = require "lunette.json"
local made = require "spec.helpers.jwt_keys"

local URL = "http://issuer/keys"


-- The set without the key of that kid.
local function without(kid)
  local set = json.decode(made.jwks)
  for i = #set.keys, 1, -1 do
    if set.keys[i].kid == kid then table.remove(set.keys, i) end
  end
  return json.encode(set)
end


describe("jwt with a key set", function()
  local plugin

  before_each(function()
    gate.reset()
    plugin = nil
  end)

  local function fetches()
    local n = 0
    for _, request in ipairs(gate.http.requests) do n = n + (request.url == URL and 1 or 0) end
    return n
  end

  local function ask(token)
    plugin = plugin or gate.chain {
      gate.plugin("jwt", { algorithms = { "RS256", "ES256" }, jwks = URL, refresh = "1m" }),
      function() return 200, "in" end,
    }
    return gate.request(plugin, { headers = { ["Authorization"] = "Bearer " .. token } })
  end

  it("fetches it once", function()
    gate.http:on("GET " .. URL, 200, made.jwks)
    for _ = 1, 5 do
      assert.equal(200, ask(made.tokens.RS256).status)
      assert.equal(200, ask(made.tokens.ES256).status)
    end
    assert.equal(1, fetches())
  end)

  it("answers 503 while it cannot be had, and asks again", function()
    gate.http:on("GET " .. URL, nil, "connection refused")
    local out = ask(made.tokens.RS256)
    assert.equal(503, out.status)
    assert.equal("no_keys", out.headers["X-Lunette-Reason"])
    assert.equal("1", out.headers["Retry-After"])
    for _ = 1, 5 do assert.equal(503, ask(made.tokens.RS256).status) end
    assert.equal(1, fetches()) -- not once for each
    assert.equal(6, gate.metrics('auth_requests_total{plugin="jwt",result="undecided"}'))
    for _, answer in ipairs {
      { 500, made.jwks }, { 200, "hello" }, { 200, "{}" }, { 200, '{"keys":[]}' }, { 200, '{"keys":7}' },
    } do
      gate.http:on("GET " .. URL, answer[1], answer[2])
      gate.clock:advance(1)
      assert.equal(503, ask(made.tokens.RS256).status, answer[2])
    end
    gate.http:on("GET " .. URL, 200, made.jwks)
    gate.clock:advance(1)
    assert.equal(200, ask(made.tokens.RS256).status)
  end)

  it("tells of an issuer that is away once, and once when it is back, without what its URL has of secrets", function()
    local url = URL .. "?token=hush"
    local p = gate.plugin("jwt", { algorithms = { "RS256" }, jwks = url, refresh = "1m" })
    local function status()
      return gate.request(p, { headers = { ["Authorization"] = "Bearer " .. made.tokens.RS256 } }).status
    end
    gate.http:on("GET " .. url, 500, "")
    for _ = 1, 5 do
      assert.equal(503, status())
      gate.clock:advance(2)
    end
    gate.http:on("GET " .. url, 200, made.jwks)
    for _ = 1, 2 do assert.is_nil(status()) end
    local lines = {}
    for i, line in ipairs(gate.logged()) do lines[i] = { line.level, line.text, line.fields.url, line.fields.why } end
    assert.same({
      { "warn", "the key set cannot be fetched", URL, "status 500" },
      { "info", "the key set can be fetched again", URL },
    }, lines)
  end)

  it("asks again for a key that it does not know, now and then", function()
    gate.http:on("GET " .. URL, 200, without "r1")
    assert.equal(200, ask(made.tokens.ES256).status)
    for _ = 1, 5 do assert.equal(401, ask(made.tokens.RS256).status) end
    assert.is_true(fetches() <= 2)
    local before = fetches()
    gate.http:on("GET " .. URL, 200, made.jwks)
    gate.clock:advance(6)
    assert.equal(200, ask(made.tokens.RS256).status)
    assert.equal(before + 1, fetches())
  end)

  it("forgets a key that the issuer has taken back, and what was right by it", function()
    gate.http:on("GET " .. URL, 200, made.jwks)
    assert.equal(200, ask(made.tokens.RS256).status)
    gate.http:on("GET " .. URL, 200, without "r1")
    gate.clock:advance(70)
    assert.equal(401, ask(made.tokens.RS256).status)
    assert.equal(200, ask(made.tokens.ES256).status)
  end)

  it("goes on with the last one while it cannot be fetched", function()
    gate.http:on("GET " .. URL, 200, made.jwks)
    assert.equal(200, ask(made.tokens.RS256).status)
    gate.http:on("GET " .. URL, nil, "connection refused")
    gate.clock:advance(600)
    assert.equal(200, ask(made.tokens.RS256).status)
    gate.http:on("GET " .. URL, 200, "{}")
    gate.clock:advance(600)
    assert.equal(200, ask(made.tokens.ES256).status)
  end)

  -- RFC 7517 section 4.5: keys of several kinds may be alternatives with one kid.
  it("tries all keys that have the kid", function()
    local set = json.decode(made.jwks)
    table.insert(set.keys, 1, set.keys[1])
    for i = 2, #set.keys do set.keys[i].kid = "r1" end
    gate.http:on("GET " .. URL, 200, json.encode(set))
    assert.equal(200, ask(made.tokens.RS256).status)
    assert.equal(401, ask(made.tokens.ES256).status) -- e1 is there no more
  end)

  it("takes no key for what it is not for", function()
    local set = json.decode(made.jwks)
    for ops, status in pairs { encrypt = 401, sign = 401, verify = 200 } do
      plugin = nil
      gate.reset()
      set.keys[1].key_ops = json.array { ops }
      gate.http:on("GET " .. URL, 200, json.encode(set))
      assert.equal(status, ask(made.tokens.RS256).status, ops)
    end
  end)

  it("passes keys over that it cannot use", function()
    local set = json.decode(made.jwks)
    table.insert(set.keys, 1, { kty = "RSA", kid = "r1", use = "enc", n = "AAAA", e = "AQAB" })
    table.insert(set.keys, 1, { kty = "RSA", kid = "weak", n = "AAAA", e = "AQAB" })
    table.insert(set.keys, 1, { kty = 7 })
    table.insert(set.keys, 1, "what")
    gate.http:on("GET " .. URL, 200, json.encode(set))
    assert.equal(200, ask(made.tokens.RS256).status)
  end)
end)
