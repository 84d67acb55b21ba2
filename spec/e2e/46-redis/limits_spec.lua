-- SPDX-License-Identifier: Apache-2.0
-- rateLimit with redisURL: one limit for all gateways that share a Redis.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local redis -- of this file


-- A limit that does not come back for the length of a spec, in this file's Redis.
local function in_redis(limit, more)
  local conf = { limit = limit, window = "24h", redisURL = redis.url, timeout = "5s" }
  for key, value in pairs(more or {}) do conf[key] = value end
  return conf
end


local function gateway(limit, more)
  more = more or {}
  more.rateLimit = limit
  return gate.proxy(gate.upstream(), more)
end


local function passed(g, n, options)
  local count = 0
  for _ = 1, n do
    if g:get("/", options).status == 200 then count = count + 1 end
  end
  return count
end


describe("a limit in Redis", function()
  setup(function() redis = gate.redis { password = "open-sesame" } end)
  before_each(function() redis:command("FLUSHALL") end)
  teardown(gate.cleanup)

  for _, algorithm in ipairs { "gcra", "sliding_window", "sliding_log", "fixed_window" } do
    it("is exact over two gateways with two workers each: " .. algorithm, function()
      local limit = in_redis(40, { algorithm = algorithm, burstSize = 40 })
      local a, b = gateway(limit, { workers = 2 }), gateway(limit, { workers = 2 })
      local count = 0
      for _ = 1, 30 do count = count + passed(a, 1) + passed(b, 1) end
      assert.equal(40, count)
      local r = b:get("/")
      assert.equal(429, r.status)
      assert.equal("redis", r.headers["X-RateLimit-State"])
      assert.is_true(tonumber(r.headers["Retry-After"]) > 1)
      assert.equal(5, passed(b, 5, { from = "127.0.0.2" }))
    end)
  end

  it("keeps a number that expires with the window: fixed_window", function()
    local g = gateway(in_redis(100, { window = "1m", algorithm = "fixed_window" }))
    assert.equal(3, passed(g, 3))
    local key = "rate_limit:{gateway:127.0.0.1}"
    local answers = redis:pipeline { { "GET", key }, { "TTL", key } }
    assert.equal("3", answers[1])
    assert.is_true(answers[2] > 50 and answers[2] <= 60)
  end)

  it("writes keys of the rule's name and the identity alone, none of them for ever", function()
    local g = gateway(in_redis(9, { name = "edge" }), { gateway = { identity = { from = { "header:X-Key" } } } })
    local long = ("k"):rep(129)
    for _, key in ipairs { "plain", "a b}c:d%e\xc3\xa9", long } do
      assert.equal(1, passed(g, 1, { headers = { ["X-Key"] = key } }))
    end
    local found = {}
    for _, key in ipairs(redis:command("KEYS", "*")) do
      found[key] = true
      assert.is_true(redis:command("PTTL", key) > 0, key)
    end
    assert.is_true(found["rate_limit:{edge:header:X-Key:plain}"])
    assert.is_true(found["rate_limit:{edge:header:X-Key:a%20b%7Dc:d%25e%C3%A9}"])
    assert.is_true(found["rate_limit:{edge:~77f2ec1f504fcc27f7a021f1fa5529b5c8221a090f80e937f6584aef7829f0a7}"])
    assert.is_true(found["rate_limit:{edge}:gateways"])
  end)

  it("takes from several windows or from none", function()
    local limit = { limits = { "3/h", "5/d" }, algorithm = "fixed_window", redisURL = redis.url, timeout = "5s" }
    local a, b = gateway(limit), gateway(limit)
    assert.equal(3, passed(a, 2) + passed(b, 4))
    local r = a:get("/")
    assert.equal("3", r.headers["RateLimit-Limit"])
    assert.equal("0", r.headers["RateLimit-Remaining"])
    redis:command("DEL", "rate_limit:{gateway:127.0.0.1}") -- the hour is over
    assert.equal(2, passed(a, 4))
    assert.equal("5", redis:command("GET", "rate_limit:{gateway:127.0.0.1}:2"))
    assert.equal("5", b:get("/").headers["RateLimit-Limit"])
  end)

  it("counts apart what has different names", function()
    assert.equal(2, passed(gateway(in_redis(2, { name = "one" })), 4))
    assert.equal(2, passed(gateway(in_redis(2, { name = "two" })), 4))
  end)

  it("goes on through a reload, a worker's death and a Redis that forgets its scripts", function()
    local g = gateway(in_redis(4))
    assert.equal(1, passed(g, 1))
    assert.equal(0, g:reload().code)
    assert.equal(1, passed(g, 1))
    local old = g:workers()
    g:expect("worker")
    g:kill_worker(1)
    g:wait_workers(1, old)
    redis:command("SCRIPT", "FLUSH")
    gate.eventually(function() return pcall(g.get, g, "/") end, "the new worker")
    assert.equal("3", redis:command("ZREVRANGE", "rate_limit:{gateway:127.0.0.1}", "0", "0")[1]:match("^0*(%d+):1$"))
    assert.equal(1, passed(g, 5))
  end)

  it("begins anew where something else stands, whatever it is", function()
    local key = "rate_limit:{gateway:127.0.0.1}"
    local others = {
      { "SET", key, "9" }, { "SET", key, "nonsense" }, { "RPUSH", key, "a", "b" }, { "HSET", key, "a", "b" },
      { "ZADD", key, "inf", "x" }, { "ZADD", key, "9e18", "1:1" }, { "SET", key, ("9"):rep(400) },
      { "SET", key, "gcra 1:" .. ("9"):rep(30) .. ":" .. ("9"):rep(30) }, { "SADD", key, "a" },
    }
    for _, algorithm in ipairs { "gcra", "sliding_window", "sliding_log", "fixed_window" } do
      local g = gateway(in_redis(20, { algorithm = algorithm, burstSize = 20 }))
      for _, words in ipairs(others) do
        redis:command("DEL", key)
        redis:command(unpack(words))
        for _ = 1, 3 do
          local r = g:get("/")
          assert.equal("redis", r.headers["X-RateLimit-State"], algorithm .. ": " .. words[3])
        end
        assert.is_true(redis:command("PTTL", key) > 0)
      end
      redis:command("DEL", key)
      assert.equal(20, passed(g, 22), algorithm)
    end
  end)

  it("tells who has judged in a header of the name that is wanted, or in none", function()
    assert.equal("redis", gateway(in_redis(9, { stateHeader = "X-Judge" })):get("/").headers["X-Judge"])
    local r = gateway(in_redis(9, { stateHeader = "" })):get("/")
    assert.equal(200, r.status)
    assert.is_nil(r.headers["X-RateLimit-State"])
  end)

  it("judges before routing, and only where the listener says so", function()
    local g = gate.start { rateLimit = in_redis(1), gateway = { listeners = {
      { name = "main", listen = "127.0.0.1:0" },
      { name = "free", listen = "127.0.0.1:0", rateLimit = false },
    } } }
    assert.equal(404, g:get("/").status)
    assert.equal(429, g:get("/").status)
    assert.equal(404, g:get("/", { listener = "free" }).status)
  end)

  it("shows the password nowhere", function()
    local g = gateway(in_redis(1, { timeout = "20ms" }))
    redis:pause()
    passed(g, 6)
    redis:resume()
    g:wait_log("limit gateway: Redis does not count")
    local control = { "--control", g.control }
    for command, args in pairs { status = control, metrics = control, check = {} } do
      local r = g:cli(command, unpack(args))
      assert.equal(0, r.code, r.err)
      assert.is_nil((r.out .. r.err):find("open-sesame", 1, true), command)
    end
    assert.is_nil(g:log():find("open-sesame", 1, true))
  end)
end)
