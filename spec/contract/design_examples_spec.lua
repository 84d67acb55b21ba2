-- SPDX-License-Identifier: Apache-2.0
-- The examples of the design of the Lua API run as they are printed there. spec/fixtures/design has their text, below a first
-- line with the licence.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local PLUGINS = { "rate-limit", "headers", "client-id", "redis-quota", "authz", "redact", "sticky", "slow-log" }

-- What gateway.yaml says there.
local YAML = 'gateway: { port: "127.0.0.1:0" }\nservices:\n'
  .. '- { name: user-service, instances: ["http://localhost:8081"] }\n'
  .. '- { name: order-service, instances: ["http://localhost:8083"] }\n'

local function printed(name)
  return (files.read("spec/fixtures/design/" .. name):gsub("^[^\n]*\n", "", 1))
end


local function write_plugins()
  for _, name in ipairs(PLUGINS) do
    files.write(("plugins/%s.lua"):format(name), printed(("plugins/%s.lua"):format(name)))
  end
  gate.plugins(files.folder() .. "/plugins")
end


local function load(name)
  return gate.routes { yaml = YAML, routes = files.write("routes.lua", printed(name)) }
end


local function tidy()
  files.clean()
  gate.reset()
end


describe("the design's routes.lua (a)", function()
  local routes

  before_each(function()
    gate.reset()
    write_plugins()
    routes = load "routes.lua"
  end)
  after_each(tidy)

  -- As printed, and what `lunette routes` tells beyond that: a reply, and where a route goes.
  local TABLE = {
    { "GET", "/health", 8, "reply", "" },
    { "ANY", "/api/users/*", 13, "client-id -> rate-limit -> headers", "user-service" },
    { "GET", "/api/orders/:id", 25, "client-id -> rate-limit -> authz", "order-service" },
    { "POST", "/api/orders", 26, "client-id -> rate-limit -> authz -> redis-quota", "order-service" },
    { "GET", "/api/orders/:id/events", 30, "client-id -> rate-limit -> authz -> redact", "orders-beta" },
    { "GET", "/hello/:name", 33, "client-id -> rate-limit -> function", "" },
  }

  it("makes the table", function()
    assert.equal("", routes.warnings)
    for i, row in ipairs(TABLE) do
      local route = routes.list[i]
      assert.same(row, { route.method or "ANY", route.path, route.line, route.chain, route.service or "" })
    end
    assert.equal(#TABLE, #routes.list)
  end)

  it("answers above the use lines without a plugin", function()
    for _ = 1, 20 do
      local out = routes:request("GET /health")
      assert.equal(200, out.status)
      assert.same({ status = "ok" }, out:json())
      assert.is_nil(out.headers["RateLimit-Limit"])
    end
  end)

  it("greets, counts and limits by the key", function()
    local key = { headers = { ["X-Api-Key"] = "k1" } }
    local out = routes:request("GET /hello/ann", key)
    assert.equal("ann", out:json().hello)
    assert.equal(32, #out:json().you)
    assert.equal("9", out.headers["RateLimit-Remaining"])
    for _ = 1, 9 do routes:request("GET /hello/ann", key) end
    assert.equal(429, routes:request("GET /hello/ann", key).status)
    assert.equal(200, routes:request("GET /hello/ann?key=k2").status)
  end)

  it("edits what goes to the users", function()
    local out = routes:request("GET /api/users/7", {
      headers = { ["X-Api-Key"] = "k1", Cookie = "a=b", ["X-Internal-Debug"] = "1" },
    })
    assert.is_nil(out.status)
    local sent = out:sent()
    assert.equal("lunette", sent.headers["X-Gateway"])
    assert.equal(out.req.client.id, sent.headers["X-Client-Id"])
    assert.is_nil(sent.headers["Cookie"])
    assert.is_nil(sent.headers["X-Internal-Debug"])
  end)

  it("asks before it lets orders pass, and counts new ones", function()
    assert.equal(401, routes:request("GET /api/orders/7").status)
    gate.http:on("POST http://localhost:9000/check", 200, { user = "ann" })
    local known = { headers = { Authorization = "Bearer x" } }
    assert.is_nil(routes:request("GET /api/orders/7", known).status)
    assert.equal(0, #gate.redis.calls)
    local out = routes:request("POST /api/orders", known)
    assert.is_nil(out.status)
    assert.equal("999", gate.response({}, out, {}).headers["X-Quota-Remaining"])
    assert.equal("orders-beta", (routes:match("GET /api/orders/7/events")).service)
  end)
end)


describe("the design's plugin", function()
  before_each(function()
    gate.reset()
    write_plugins()
  end)
  after_each(tidy)

  it("headers (c) edits both ways", function()
    local headers = gate.plugin("headers", {
      client_id = "X-Client-Id",
      request = { set = { A = "1" } }, response = { remove = { "Server" }, add = { B = "2" } },
    })
    local out = gate.response(headers, { client_id = "ann", headers = { A = "0" } }, { headers = { Server = "x" } })
    assert.is_nil(out.headers["Server"])
    assert.equal("2", out.headers["B"])
    assert.same({ "1", "ann" }, { out:sent().headers["A"], out:sent().headers["X-Client-Id"] })
  end)

  it("client-id (d) takes the first source that answers", function()
    local who = gate.plugin("client-id", { from = { "header:X-Key", "query:key", "cookie:sid" }, hash = false })
    local function id(request) return gate.request(who, request).req.client.id end
    assert.equal("h", id { headers = { ["X-Key"] = "h" }, path = "/?key=q" })
    assert.equal("q", id { headers = { Cookie = "sid=c" }, path = "/?key=q" })
    assert.equal("c", id { headers = { Cookie = "sid=c" } })
    assert.equal("10.9.9.9", id { ip = "10.9.9.9" })
    local strict = gate.plugin("client-id", { required = true })
    local out = gate.request(strict)
    assert.equal(401, out.status)
    assert.equal("ApiKey", out.headers["WWW-Authenticate"])
    assert.equal(32, #gate.request(strict, { headers = { ["X-Api-Key"] = "k" } }).req.client.id)
  end)

  it("client-id (d) refuses a source that is none, with the line of its use", function()
    local text = 'get "/x" {\n  use "client-id" { from = { "body:x" } },\n  reply = { 200 } }'
    local _, why = pcall(gate.routes, files.write("routes.lua", text))
    assert.matches('routes%.lua:2: .*from%[1%]: expected "header:NAME", "query:NAME" or "cookie:NAME", got "body:x"',
      tostring(why))
  end)

  it("redis-quota (e) counts in Redis for a day, in one round trip", function()
    local quota = gate.plugin("redis-quota", { limit = 2 })
    for _ = 1, 2 do assert.is_nil(gate.request(quota).status) end
    assert.equal(429, gate.request(quota).status)
    assert.is_nil(gate.request(quota, { client_id = "bob" }).status)
    assert.equal(86400, gate.redis:ttl(gate.redis.calls[1][2]))
    gate.clock:advance(86400)
    assert.is_nil(gate.request(quota).status)
  end)

  it("redis-quota (e) passes or refuses while Redis is down", function()
    gate.redis:down()
    assert.is_nil(gate.request(gate.plugin("redis-quota", { limit = 2 })).status)
    assert.equal(503, gate.request(gate.plugin("redis-quota", { limit = 2, on_down = "deny" })).status)
    gate.redis:up()
    assert.is_nil(gate.request(gate.plugin("redis-quota", { limit = 2, on_down = "deny" })).status)
  end)

  it("authz (f) asks once, remembers, and hides the token", function()
    local authz = gate.plugin("authz", { url = "http://authz/check" })
    local long = ("x"):rep(5000) -- tokens are
    local function ask(token)
      return gate.request(authz, { path = "/x", headers = { Authorization = token and token .. long } })
    end
    gate.http:on("POST http://authz/check", function(request)
      assert.same({ method = "GET", path = "/x" }, request.json())
      if request.headers["Authorization"] == "good" .. long then return 200, { user = "ann" } end
      return 401
    end)
    for _ = 1, 2 do
      local out = ask "good"
      assert.is_nil(out.status)
      assert.equal("ann", out.req.client.id)
      assert.equal("ann", out:sent().headers["X-User"])
      assert.is_nil(out:sent().headers["Authorization"])
    end
    assert.equal(403, ask("bad").status)
    assert.equal(401, ask(nil).status)
    assert.equal(2, #gate.http.requests)
    gate.clock:advance(31)
    gate.http:on("POST http://authz/check", nil, "timed out")
    assert.equal(503, ask("good").status)
  end)

  it("redact (g) gives the same in every size of chunks", function()
    local redact = gate.plugin("redact", { field = "card" })
    local text = '{"card": "4111", "to": "x"}\n{"card":"42"}\n{"other":1}'
    for size = 1, #text do
      local chunks = {}
      for at = 1, #text, size do chunks[#chunks + 1] = text:sub(at, at + size - 1) end
      local kind = { ["Content-Type"] = "application/x-ndjson" }
      local out = gate.response(redact, {}, { headers = kind, chunks = chunks })
      assert.equal('{"card": "***", "to": "x"}\n{"card":"***"}\n{"other":1}', out.body)
    end
    local plain = gate.response(redact, {}, { headers = { ["Content-Type"] = "text/plain" }, chunks = { text } })
    assert.equal(text, plain.body)
  end)

  it("sticky (i) hashes by client, and lets go of it", function()
    local sticky = gate.plugin "sticky"
    local function hash(attempt)
      local choice = { attempt = attempt, instances = { "http://a", "http://b" } }
      return gate.balance(sticky, { client_id = "ann" }, choice).hash
    end
    assert.equal("ann", hash(1))
    assert.equal("ann", hash(2))
    assert.is_nil(hash(3))
  end)

  it("slow-log (i) counts and writes down what was slow", function()
    local slow = gate.plugin("slow-log", { over = "1s" })
    local function log(seconds)
      gate.log(gate.response(slow, "GET /x", { duration = seconds, address = "10.0.0.9:80", service = "s" }))
    end
    log(0.5)
    assert.equal(0, #gate.logged())
    log(1.5)
    assert.equal(1, gate.metrics 'slow_requests_total{route="spec"}')
    local line = gate.logged()[1]
    assert.equal("slow", line.text)
    assert.same({ path = "/x", status = 200, upstream = "10.0.0.9:80", request_id = "req-1" }, line.fields)
  end)
end)


-- (h) is a spec, and (b) what it is about: it runs here as it stands, with the plugins of the design.
do
  local reader = setmetatable({
    reset = function()
      gate.reset()
      write_plugins()
    end,
  }, { __index = gate })
  local chunk = assert(loadstring(printed "rate_limit_spec.lua", "@spec/fixtures/design/rate_limit_spec.lua"))
  setfenv(chunk, setmetatable({
    require = function(name) return name == "lunette.spec" and reader or require(name) end,
  }, { __index = getfenv() }))

  describe("the design's spec (h)", function()
    after_each(tidy)
    chunk()
  end)
end


describe("the design's dashboard (j)", function()
  before_each(gate.reset)
  after_each(tidy)

  it("asks two services at once", function()
    local routes = load "dashboard.lua"
    gate.http:on("GET user-service/me", function(request) return 200, { id = request.headers["X-Id"] } end)
    gate.http:on("GET order-service/recent", 200, { 1, 2 })
    assert.same({ user = { id = "ann" }, orders = { 1, 2 } },
      routes:request("GET /dashboard", { client_id = "ann" }):json())
    gate.http:on("GET order-service/recent", nil, "connection refused")
    assert.equal(502, routes:request("GET /dashboard").status)
  end)
end)
