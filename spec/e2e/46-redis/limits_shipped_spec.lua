-- SPDX-License-Identifier: Apache-2.0
-- The plugin rate-limit with the setting redis: two gateways, one limit.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local redis


local function start(settings)
  return gate.start { workers = 2, routes = ([[
    service "main" { instances = { "%s" } }
    get "/" { to = service "main", use "rate-limit" { redis = "%s", %s } }
  ]]):format(gate.upstream(function() return 200, "ok", { ["X-Tokens"] = "7" } end).url, redis.url, settings) }
end


local function statuses(g, n, headers)
  local seen = {}
  for _ = 1, n do
    local status = g:get("/", { headers = headers }).status
    seen[status] = (seen[status] or 0) + 1
  end
  return seen
end


describe("rate-limit in Redis", function()
  before_each(function() redis = gate.redis { password = "sesame" } end)
  after_each(gate.cleanup)

  it("is one limit for all gateways, with headers that are right", function()
    local settings = 'limits = { "20/h", "30/d" }, algorithm = "sliding_log", timeout = "5s"'
    local a, b = start(settings), start(settings)
    assert.same({ [200] = 12 }, statuses(a, 12))
    assert.same({ [200] = 8, [429] = 2 }, statuses(b, 10))
    local r = b:get("/")
    assert.equal("20", r.headers["RateLimit-Limit"])
    assert.equal("0", r.headers["RateLimit-Remaining"])
    assert.equal("redis", r.headers["X-RateLimit-State"])
    local wait = tonumber(r.headers["Retry-After"])
    assert.is_true(wait > 3500 and wait <= 3600)
    assert.equal(2, #redis:command("KEYS", "rate_limit:{20/h,30/d,sliding_log,client:127.0.0.1}*"))
  end)

  it("charges what a response has cost, whoever asks next", function()
    local settings = 'rate = "10/d", algorithm = "fixed_window", charge = "header:X-Tokens", zone = "tokens"'
    local a, b = start(settings), start(settings)
    assert.same({ [200] = 1 }, statuses(a, 1))
    gate.eventually(function() return #redis:command("KEYS", "rate_limit:{tokens:*") == 1 end, "the charge")
    assert.same({ [200] = 1 }, statuses(b, 1))
    gate.eventually(function() return b:get("/").status == 429 end, "the second charge")
    assert.equal(429, a:get("/").status)
  end)

  it("says who has judged in one field, also where the gateway has one in Redis too", function()
    local limit = { limit = 100, window = "24h", redisURL = redis.url, timeout = "5s" }
    local g = gate.start { workers = 1, rateLimit = limit, routes = ([[
      service "main" { instances = { "%s" } }
      get "/" { to = service "main", use "rate-limit" { rate = "100/h", redis = "%s", timeout = "5s" } }
      get "/plain" { to = service "main" }
    ]]):format(gate.upstream().url, redis.url) }
    gate.eventually(function() return g:get("/").headers["X-RateLimit-State"] == "redis" end, "Redis")
    assert.same({ "redis" }, g:get("/").headers:all("X-RateLimit-State"))
    assert.equal("redis", g:get("/plain").headers["X-RateLimit-State"])
  end)

  it("has keys of the rule and the identity only, wherever the use stands", function()
    for settings, rule in pairs {
      ['rate = "100/m"'] = "100/m,client", ['rate = "7/30s", burst = 20, by = "ip"'] = "7/30s,burst=20,ip",
      ['rate = "5/s", by = function(req) return req.path end, zone = "paths"'] = "paths",
    } do
      assert.equal(200, start(settings .. ', timeout = "5s"'):get("/").status)
      assert.same({ rule }, { redis:command("KEYS", "rate_limit:{" .. rule .. ":*}")[1]:match("{([^:]*):") }, settings)
    end
  end)

  it("takes longer rates of consumers than its own, also when a reload brings them", function()
    local function consumers(rate)
      return ("- name: alice\n  keys: alice-key-1\n  limits: { rate: %s }\n"):format(rate)
    end
    for name, where in pairs { memory = "", redis = ('redis = "%s", timeout = "5s",'):format(redis.url) } do
      local g = gate.start { workers = 2, services = { { name = "main", instances = { gate.upstream() } } },
        extra = { consumers = { file = "consumers.yaml" } }, files = { ["consumers.yaml"] = consumers "5/m" },
        routes = ([[get "/" { to = service "main", use "key-auth" {},
          use "rate-limit" { rate = "2/s", %s algorithm = "sliding_window", limit = "consumer", zone = "%s" } }
        ]]):format(where, name) }
      local headers = { "X-Api-Key: alice-key-1" }
      assert.same({ [200] = 5, [429] = 3 }, statuses(g, 8, headers))
      g.dir:write("consumers.yaml", consumers "7/d")
      g:reload()
      assert.same({ [200] = 7, [429] = 3 }, statuses(g, 10, headers))
    end
  end)

  it("spends leases", function()
    local g = start('rate = "100/h", burst = 100, lease = 10, timeout = "5s", state_header = "X-Judge"')
    assert.equal("redis", g:get("/").headers["X-Judge"])
    assert.equal("leased", g:get("/").headers["X-Judge"])
  end)

  it("does without Redis as it was told", function()
    local g = start('rate = "2/h", burst = 2')
    local loose = start('rate = "2/h", burst = 2, on_down = "allow", zone = "loose"')
    local strict = start('rate = "2/h", burst = 2, on_down = "deny", zone = "strict"')
    redis:kill()
    assert.same({ [200] = 2, [429] = 2 }, statuses(g, 4))
    assert.same({ [200] = 5 }, statuses(loose, 5))
    local r = strict:get("/")
    assert.equal(503, r.status)
    assert.equal("limit_unknown", r.headers["X-Lunette-Reason"])
    assert.equal("deny", r.headers["X-RateLimit-State"])
    redis:run()
    gate.eventually(function() return strict:get("/").status == 200 end, "Redis", 15)
    assert.is_nil((g:log() .. strict:log()):find("sesame", 1, true))
  end)
end)
