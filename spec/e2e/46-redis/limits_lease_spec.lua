-- SPDX-License-Identifier: Apache-2.0
-- rateLimit.lease: tokens are fetched from Redis by the lot and spent in the gateway. Redis is asked so much less, and the
-- error is bounded: by a lot for each gateway.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local redis


local function gateway(more, workers)
  local conf = { limit = 1000, window = "24h", redisURL = redis.url, timeout = "5s", lease = 50 }
  if more.limits then conf.limit, conf.window = nil, nil end
  for key, value in pairs(more) do conf[key] = value end
  return gate.proxy(gate.upstream(), { rateLimit = conf, workers = workers or 2 })
end


-- How often Redis was asked to take, since the last time; a gateway's beats come at any moment.
local function asked()
  local stats = redis:pipeline({ { "INFO", "commandstats" }, { "CONFIG", "RESETSTAT" } })[1]
  local calls = stats:match("cmdstat_time:calls=(%d+)") or 0
  local beats = stats:match("cmdstat_zcard:calls=(%d+)") or 0
  return calls - beats / 2
end


local function passed(g, n)
  local count, judges = 0, {}
  for _ = 1, n do
    local r = g:get("/")
    local judge = r.headers["X-RateLimit-State"]
    if r.status == 200 then count = count + 1 end
    judges[judge] = (judges[judge] or 0) + 1
  end
  return count, judges
end


describe("a lease of tokens", function()
  setup(function() redis = gate.redis() end)
  before_each(function() redis:command("FLUSHALL") end)
  teardown(gate.cleanup)

  it("asks Redis for a lot, once for all workers", function()
    local g = gateway {}
    g:get("/")
    asked()
    local count, judges = passed(g, 299)
    assert.equal(299, count)
    assert.same({ leased = 294, redis = 5 }, judges)
    assert.equal(5, asked())
    local each = gateway { name = "each", lease = 0 }
    asked()
    passed(each, 100)
    assert.equal(100, asked())
  end)

  it("tells clients where they stand at every answer, whoever gives it", function()
    local windows = { limits = { "500/h", "20/24h" }, algorithm = "sliding_log", lease = 10, stateHeader = "X-Judge" }
    local g = gateway(windows)
    for i = 1, 22 do
      local r = g:get("/")
      local told = ("%d: %s %s"):format(i, r.headers["RateLimit-Limit"], r.headers["RateLimit-Remaining"])
      assert.equal(("%d: 20 %d"):format(i, math.max(0, 20 - i)), told)
      local reset = tonumber(r.headers["RateLimit-Reset"])
      assert.is_true(reset > 86300 and reset <= 86400, reset)
      assert.equal((i % 10 == 1) and "redis" or "leased", r.headers["X-Judge"], i)
    end
  end)

  it("gives one lot to all who wait for it", function()
    local g = gateway({}, 1)
    g:get("/")
    redis:command("DEL", "rate_limit:{gateway:127.0.0.1}")
    asked()
    local tasks = {}
    for i = 1, 16 do
      tasks[i] = gate.go("client " .. i, function()
        local c = gate.client(g)
        for _ = 1, 25 do assert(c:get("/").status == 200) end
      end)
    end
    for _, task in ipairs(tasks) do task:join() end
    assert.is_true(asked() <= 400 / 50 + 1)
  end)

  it("spends exactly the limit where everybody spends his lots", function()
    for _, algorithm in ipairs { "gcra", "sliding_window", "sliding_log", "fixed_window" } do
      local limit = { limit = 200, burstSize = 200, lease = 20, algorithm = algorithm, name = algorithm }
      local a, b = gateway(limit), gateway(limit)
      local count = 0
      for _ = 1, 130 do count = count + passed(a, 1) + passed(b, 1) end
      assert.equal(200, count, algorithm)
    end
  end)

  it("costs a client at most a lot that lies in another gateway", function()
    local limit = { limit = 200, lease = 20 }
    local a, b = gateway(limit), gateway(limit)
    assert.equal(1, passed(a, 1)) -- and 19 are left there
    assert.equal(180, (passed(b, 250)))
    assert.equal(19, (passed(a, 30)))
  end)

  it("keeps them while workers die and configurations are loaded", function()
    local g = gateway({}, 1)
    assert.equal(1, passed(g, 1)) -- and 49 are left
    assert.equal(0, g:reload().code)
    g:expect("was killed by signal 9")
    local old = { g:kill_worker() }
    g:wait_workers(1, old)
    asked()
    local count, judges = passed(g, 49)
    assert.equal(49, count)
    assert.same({ leased = 49 }, judges)
    assert.equal(0, asked())
  end)

  it("costs a client at most a lot that lay in a gateway which has ended, in order or not", function()
    local ends = {
      stopped = function(g) g:stop() end,
      killed = function(g)
        local workers = g:workers()
        g:signal(gate.process.KILL)
        for _, pid in ipairs(workers) do gate.process.kill(pid, gate.process.KILL) end
        g:wait_exit(5)
      end,
    }
    for how, finish in pairs(ends) do
      for _, algorithm in ipairs { "gcra", "sliding_window", "sliding_log", "fixed_window" } do
        local limit = { limit = 100, burstSize = 100, lease = 20, algorithm = algorithm, name = how .. algorithm }
        local a, b = gateway(limit), gateway(limit)
        assert.equal(1, (passed(a, 1))) -- and 19 are left there
        finish(a)
        assert.equal(80, (passed(b, 100)), how .. ", " .. algorithm)
        assert.equal(0, (passed(gateway(limit), 10)), how .. ", " .. algorithm) -- a successor knows nothing of them
      end
    end
  end)

  it("remembers a refusal instead of asking again", function()
    local g = gateway { limit = 60, lease = 20 }
    assert.equal(60, (passed(g, 60)))
    asked()
    local count, judges = passed(g, 100)
    assert.equal(0, count)
    assert.is_true(judges.leased >= 90)
    assert.is_true(asked() <= 10)
    local r = g:get("/")
    assert.equal(429, r.status)
    assert.is_true(tonumber(r.headers["Retry-After"]) > 3600)
  end)

  it("asks for what costs more than a lot, or is charged, by itself", function()
    local g = gateway { limit = 3, lease = 2 }
    assert.equal(3, (passed(g, 5)))
  end)

  it("keeps within the limit and a lot for each gateway, in every window", function()
    local limit, per, lease = 100, 1, 10
    local gateways, grants, tasks = {}, {}, {}
    for i = 1, 2 do gateways[i] = gateway { limit = limit, window = "1s", lease = lease } end
    local till = gate.now() + 3.3
    for i = 1, 8 do
      tasks[i] = gate.go("client " .. i, function()
        local c = gate.client(gateways[i % 2 + 1])
        while gate.now() < till do
          local sent = gate.now()
          if c:get("/").status == 200 then grants[#grants + 1] = { sent = sent, answered = gate.now() } end
          gate.pause(0.002)
        end
      end)
    end
    for _, task in ipairs(tasks) do task:join(30) end
    table.sort(grants, function(x, y) return x.sent < y.sent end)
    for i, first in ipairs(grants) do -- those that began and ended within a window that begins here
      local n = 0
      for k = i, #grants do
        if grants[k].sent > first.sent + per then break end
        if grants[k].answered <= first.sent + per then n = n + 1 end
      end
      assert.is_true(n <= limit + 2 * lease, n .. " in a window")
    end
    assert.is_true(#grants >= 3 * (limit - lease), #grants .. " in all")
  end)

  it("spends what it has while Redis is gone, then counts for itself", function()
    local server = gate.redis()
    local g = gateway { limit = 100, lease = 10, redisURL = server.url, algorithm = "gcra", burstSize = 100 }
    passed(g, 1)
    server:kill()
    local count, judges = passed(g, 20)
    assert.equal(20, count)
    assert.same({ leased = 9, ["local"] = 11 }, judges)
    server:run()
    gate.eventually(function() return g:get("/").headers["X-RateLimit-State"] == "redis" end, "Redis", 15)
  end)
end)
