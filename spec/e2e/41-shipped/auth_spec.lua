-- SPDX-License-Identifier: Apache-2.0
-- Consumers, key-auth and acl against the real binary: what services are told, what counts, and what changes while it runs.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local CONSUMERS = [[
- name: alice
  keys: alice-key-1
  groups: [staff, admin]
- name: bob
  keys: bob-key-123
  limits: { rate: 10/s }
]]
local ROUTES = [[
any "/keys/*" { to = service "app", use "key-auth" { from = { "header:X-Api-Key", "query:key" } } }
group "/" {
  use "key-auth" { otherwise = "next" },
  any "/staff/*" { to = service "app", use "acl" { allow = { groups = { "staff" } } } },
  any "/once/*" { to = service "app", use "rate-limit" { rate = "1/h", burst = 1 } },
}
any "/open/*" { to = service "app", function(req, res)
  res.headers["X-Key"], res.headers["X-Who"] = req.client.key, req.client.consumer or "nobody"
end }
]]


local function start(up, options)
  options = options or {}
  options.services = { { name = "app", instances = { up } } }
  options.routes = options.routes or ROUTES
  options.extra = options.extra or { consumers = { file = "consumers.yaml" } }
  options.files = { ["consumers.yaml"] = CONSUMERS }
  return gate.start(options)
end


local function with(key, ...)
  return { headers = { "X-Api-Key: " .. key, ... } }
end


describe("key-auth", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = start(up)
  end)
  teardown(gate.cleanup)

  it("tells the service who is calling, and nothing of the key", function()
    assert.equal(200, g:get("/keys/a", with("alice-key-1", "X-Consumer-Name: root", "X_Consumer_Groups: root")).status)
    local h = up:last().headers
    assert.equal("alice", h["X-Consumer-Name"])
    assert.equal("staff,admin", h["X-Consumer-Groups"])
    assert.is_nil(h["X_Consumer_Groups"])
    assert.is_nil(h["X-Api-Key"])
    assert.equal(200, g:get("/keys/a?x=1&key=bob-key-123").status)
    assert.equal("bob", up:last().headers["X-Consumer-Name"])
    assert.is_nil(up:last().headers["X-Consumer-Groups"])
    assert.equal("/keys/a?x=1", up:last().target)
  end)

  it("lets nobody else claim to be a consumer, on routes without it neither", function()
    g:get("/open/a", { headers = { "X-Consumer-Name: alice", "X-Consumer-Groups: admin",
      "X-Anonymous-Consumer: true" } })
    assert.is_nil(up:last().headers["X-Consumer-Name"])
    assert.is_nil(up:last().headers["X-Consumer-Groups"])
    assert.is_nil(up:last().headers["X-Anonymous-Consumer"])
  end)

  it("refuses what is no key", function()
    local count = #up.requests
    local r = g:get("/keys/a", with("alice-key-2"))
    assert.equal(401, r.status)
    assert.equal('ApiKey realm="lunette"', r.headers["WWW-Authenticate"])
    assert.equal("bad_credentials", r.headers["X-Lunette-Reason"])
    assert.equal(401, g:get("/keys/a").status)
    assert.equal(count, #up.requests)
    assert.equal(200, g:get("/keys/a", with("alice-key-1")).status)
  end)

  it("is asked by acl, which lets the right groups pass", function()
    assert.equal(200, g:get("/staff/a", with("alice-key-1")).status)
    assert.equal(403, g:get("/staff/a", with("bob-key-123")).status)
    local r = g:get("/staff/a")
    assert.equal(401, r.status)
    assert.equal('ApiKey realm="lunette"', r.headers["WWW-Authenticate"])
  end)

  it("makes limits below it count consumers", function()
    assert.equal(200, g:get("/once/a", with("alice-key-1")).status)
    assert.equal(429, g:get("/once/a", with("alice-key-1")).status)
    assert.equal(200, g:get("/once/a", with("bob-key-123")).status)
    assert.equal(200, g:get("/once/a").status)
    assert.equal(429, g:get("/once/a").status)
  end)
end)


describe("the identity of a consumer", function()
  after_each(gate.cleanup)

  it("comes from its key before any plugin runs", function()
    local g = start(gate.upstream(), {
      gateway = { identity = { from = { "consumer", "address" }, keyFrom = { "header:X-Key", "query:key" } } },
      rateLimit = { limit = 1, window = "24h", burstSize = 1 },
    })
    local r = g:get("/open/a", { headers = { "X-Key: alice-key-1" } })
    assert.equal("consumer:alice", r.headers["X-Key"])
    assert.equal("alice", r.headers["X-Who"])
    assert.equal(429, g:get("/open/a?key=alice-key-1").status)
    r = g:get("/open/a", { headers = { "X-Key: wrong-key-1" } })
    assert.equal("127.0.0.1", r.headers["X-Key"])
    assert.equal("nobody", r.headers["X-Who"])
    assert.equal(429, g:get("/open/a", { headers = { "X-Key: alice" } }).status)
  end)

  it("stands where identity.from has it, also when a plugin proves it", function()
    local routes = [[any "/*" { to = service "app", use "key-auth" {}, function(req, res)
      res.headers["X-Key"] = req.client.key
    end }]]
    local function from(...)
      return start(gate.upstream(), { routes = routes, gateway = { identity = { from = { ... } } } })
    end
    local first = from("header:X-Tenant", "consumer")
    assert.equal("header:X-Tenant:t1", first:get("/", with("alice-key-1", "X-Tenant: t1")).headers["X-Key"])
    assert.equal("consumer:alice", first:get("/", with("alice-key-1")).headers["X-Key"])
    local unnamed = from("header:X-Tenant")
    assert.equal("consumer:alice", unnamed:get("/", with("alice-key-1", "X-Tenant: t1")).headers["X-Key"])
  end)

  it("can be the claim of a token that a plugin has judged", function()
    local routes = [[any "/*" { to = service "app", function(req, res)
      req.client:authenticate { method = "jwt", id = "s-1", claims = { sub = "s-1",
        tenant = req.args.tenant, n = 7, long = 1234567890123456, vast = 2 ^ 60 } }
      res.headers["X-Key"] = req.client.key
    end }]]
    local function key(from, path)
      local g = start(gate.upstream(), { routes = routes, gateway = { identity = { from = from } } })
      return g:get(path).headers["X-Key"]
    end
    assert.equal("jwt:tenant:t1", key({ "jwt:tenant", "jwt:sub" }, "/?tenant=t1"))
    assert.equal("jwt:sub:s-1", key({ "jwt:tenant", "jwt:sub" }, "/"))
    assert.equal("jwt:n:7", key({ "jwt:n" }, "/"))
    assert.equal("jwt:long:1234567890123456", key({ "jwt:long" }, "/"))
    assert.equal("jwt:sub:s-1", key({ "jwt:vast", "jwt:sub" }, "/")) -- it may be another one, rounded
    assert.equal("jwt:s-1", key({ "jwt:tenant" }, "/"))
    assert.equal("jwt:s-1", key({ "address" }, "/"))
    assert.equal("jwt:s-1", key({ "consumer", "jwt:tenant" }, "/?tenant=t1"))
  end)

  it("decides which instance of consistent_hash gets the request", function()
    local ups = { gate.upstream(), gate.upstream(), gate.upstream() }
    local consumers = {} -- so many that they are not all of one instance, whatever its port
    for i = 1, 16 do consumers[i] = { name = "consumer" .. i, keys = ("a-key-of-%02d"):format(i) } end
    local g = gate.start {
      services = { { name = "app", instances = ups, strategy = "consistent_hash" } },
      routes = [[any "/*" { to = service "app", use "key-auth" {} }]],
      extra = { consumers = consumers },
    }
    local used = 0
    for _, consumer in ipairs(consumers) do
      for _ = 1, 4 do assert.equal(200, g:get("/", with(consumer.keys)).status) end
    end
    for _, up in ipairs(ups) do
      assert.equal(0, #up.requests % 4) -- all of one consumer's
      if #up.requests > 0 then used = used + 1 end
    end
    assert.is_true(used > 1)
  end)
end)


describe("the file of consumers", function()
  after_each(gate.cleanup)

  it("is taken over when it is saved, without a request that fails", function()
    local g = start(gate.upstream(), { watch = true })
    assert.equal(401, g:get("/keys/a", with("carol-key-1")).status)
    g.dir:write("consumers.yaml", CONSUMERS .. "- { name: carol, keys: carol-key-1 }\n")
    gate.eventually(function() return g:get("/keys/a", with("carol-key-1")).status == 200 end, "carol")
    g.dir:write("consumers.yaml", "- { name: carol, keys: carol-key-1 }\n")
    gate.eventually(function() return g:get("/keys/a", with("alice-key-1")).status == 401 end, "alice to be gone")
    assert.equal(200, g:get("/keys/a", with("carol-key-1")).status)
  end)

  it("is refused with its mistakes, which show no key, and the one before holds", function()
    local g = start(gate.upstream(), { watch = true, expect = { "consumers", "generation 1 stays" } })
    g.dir:write("consumers.yaml", "- { name: alice, keys: hush }\n- { name: bob, keys: hush-hush-1 }\n")
    g:wait_log("consumers.yaml:1:%d+: consumers%[0%].keys: not a key")
    g.dir:write("consumers.yaml", "- { name: bob, keys: hush-hush-1 }\n- { name: eve, keys: hush-hush-1 }\n")
    g:wait_log('consumers.yaml:2:%d+: consumers: a key of "eve" is one of "bob" too')
    assert.falsy(g:log():find("hush", 1, true))
    assert.equal(200, g:get("/keys/a", with("alice-key-1")).status)
    local check = g:cli("check")
    assert.equal(1, check.code)
    assert.falsy((check.out .. check.err):find("hush", 1, true))
  end)
end)
