-- SPDX-License-Identifier: Apache-2.0
-- The plugin quota with the setting redis: one quota for all gateways, which outlives them; and a Redis that is refused,
-- stopped, slow, a replica or locked, for which no request waits longer than it has said, and none fails.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local proxies = require "spec.support.redis_proxy"

local TIMEOUT, TURN = 0.2, 0.1 * gate.slow -- the turn, and what a Redis that is well may take, are those of a busy machine

local redis


local function start(settings, workers, url)
  return gate.start { workers = workers or 2, routes = ([[
    service "main" { instances = { "%s" } }
    get "/" { to = service "main", use "quota" { redis = "%s", %s } }
  ]]):format(gate.upstream(function() return 200, "ok", { ["X-Tokens"] = "7" } end).url, url or redis.url, settings) }
end


local function count(seen, what)
  seen[what] = (seen[what] or 0) + 1
end


local function state(g) return g:get("/").headers["X-Quota-State"] end

local function until_counted(g)
  gate.eventually(function() return state(g) == "redis" end, "Redis to count", 15)
end


describe("quota in Redis", function()
  before_each(function() redis = gate.redis { password = "sesame" } end)
  after_each(gate.cleanup)

  -- All there are, and that they end.
  local function keys_of(server)
    local keys = server:command("KEYS", "*")
    for _, key in ipairs(keys) do
      local ttl = server:command("TTL", key)
      assert.is_true(ttl > 0 and ttl <= 31 * 86400 + 60, key .. " lives for " .. ttl)
    end
    return keys
  end

  it("is exact over gateways and workers, and no key stays", function()
    local settings = 'limit = 60, period = "month", timeout = "5s", zone = "all"'
    local gates = { start(settings), start(settings) }
    local seen, tasks = {}, {}
    for i = 1, 8 do
      tasks[i] = gate.go("client " .. i, function()
        for _ = 1, 15 do count(seen, gates[i % 2 + 1]:get("/").status) end
      end)
    end
    for _, task in ipairs(tasks) do task:join() end
    assert.same({ [200] = 60, [429] = 60 }, seen)
    local keys = keys_of(redis)
    assert.equal(1, #keys)
    assert.matches("^rate_limit:{all:127%.0%.0%.1}:month:%d+$", keys[1])
    assert.equal("60", redis:command("GET", keys[1]))
    local metrics = gates[1]:cli("metrics", "--control", gates[1].control).out
    assert.matches('\nquota_judged_total{route="[^"]*",by="redis"} 60\n', metrics)
  end)

  for _, period in ipairs { "hour", "day", "week" } do
    it("expires a " .. period .. " soon after its end", function()
      local g = start(('limit = 5, period = "%s", offset = "+05:30", timeout = "5s"'):format(period))
      local r = g:get("/")
      assert.equal("redis", r.headers["X-Quota-State"])
      local key = keys_of(redis)[1]
      local left = redis:command("TTL", key) - tonumber(r.headers["X-Quota-Reset"])
      assert.is_true(left >= 58 and left <= 61, left)
      local begins, now = tonumber(key:match(":" .. period .. ":(%d+)$")), tonumber(redis:command("TIME")[1])
      local length = ({ hour = 3600, day = 86400, week = 7 * 86400 })[period]
      assert.is_true(begins <= now and now < begins + length)
      assert.equal(period == "week" and 4 * 86400 or 0, (begins + 5.5 * 3600) % length)
    end)
  end

  it("takes all of a cost or nothing, and charges what is known afterwards", function()
    local settings = 'limit = 10, timeout = "5s", period = "month", charge = "header:X-Tokens"'
    local a, b = start(settings), start(settings)
    assert.equal("10", a:get("/").headers["X-Quota-Remaining"])
    gate.eventually(function() return #keys_of(redis) == 1 end, "the charge")
    assert.equal("3", b:get("/").headers["X-Quota-Remaining"])
    gate.eventually(function() return a:get("/").status == 429 end, "the second charge")
    settings = 'limit = 10, timeout = "5s", period = "month", cost = "header:X-Cost", zone = "costs"'
    a, b = start(settings), start(settings)
    assert.equal("2", a:get("/", { headers = { "X-Cost: 8" } }).headers["X-Quota-Remaining"])
    assert.equal("2", b:get("/", { headers = { "X-Cost: 3" } }).headers["X-Quota-Remaining"])
    assert.equal("0", b:get("/", { headers = { "X-Cost: 2" } }).headers["X-Quota-Remaining"])
  end)

  it("forgets nothing when the gateway ends, or the scripts are flushed", function()
    local settings = 'limit = 10, period = "month", timeout = "5s"'
    local g = start(settings)
    for left = 9, 6, -1 do assert.equal(tostring(left), g:get("/").headers["X-Quota-Remaining"]) end
    g:stop()
    g = start(settings)
    assert.equal("5", g:get("/").headers["X-Quota-Remaining"])
    redis:command("SCRIPT", "FLUSH")
    for left = 4, 0, -1 do assert.equal(tostring(left), g:get("/").headers["X-Quota-Remaining"]) end
    assert.equal(429, g:get("/").status)
    assert.is_nil(g:log():find("does not count", 1, true))
  end)

  it("counts in a cluster, each client on the node of his key", function()
    local cluster = gate.redis_cluster()
    local g = start('limit = 5, period = "month", timeout = "5s"', 1, cluster.url)
    until_counted(g)
    for i = 2, 9 do
      for left = 4, 2, -1 do
        assert.equal(tostring(left), g:get("/", { from = "127.0.0." .. i }).headers["X-Quota-Remaining"])
      end
    end
    local nodes = 0
    for _, master in ipairs(cluster.masters) do nodes = nodes + (#keys_of(master) > 0 and 1 or 0) end
    assert.is_true(nodes > 1)
  end)
end)


-- What is broken, how it ends, and what the log says. `wire`: through a proxy.
local TROUBLES = {
  {
    name = "refused", reason = "Connection refused",
    trouble = function() redis:kill() end,
    mend = function() redis:run() end,
  }, {
    name = "stopped (SIGSTOP)", reason = "does not answer",
    trouble = function() redis:pause() end,
    mend = function() redis:resume() end,
  }, {
    name = "slow", wire = true, reason = "does not answer",
    trouble = function(wire) wire.delay = 3 * TIMEOUT end,
    mend = function(wire) wire.delay = 0 end,
  }, {
    name = "a replica (READONLY)", reason = "READONLY",
    trouble = function() redis:command("REPLICAOF", "127.0.0.1", "1") end,
    mend = function() redis:command("REPLICAOF", "NO", "ONE") end,
  }, {
    name = "given another password", reason = "WRONGPASS",
    trouble = function()
      redis:command("CONFIG", "SET", "requirepass", "another")
      redis.password = "another"
      redis:command("CLIENT", "KILL", "TYPE", "normal")
    end,
    mend = function() redis:command("CONFIG", "SET", "requirepass", "sesame") end,
  },
}


describe("quota in Redis, when Redis is", function()
  before_each(function() redis = gate.redis { password = "sesame" } end)
  after_each(gate.cleanup)

  local function drive(g, n, seen)
    seen = seen or { worst = 0, waited = 0, statuses = {}, judges = {} }
    for _ = 1, n do
      local crowded, from = g:crowded_out(), gate.now()
      local r = g:get("/")
      local took = gate.now() - from
      if took > seen.worst then seen.worst = math.max(seen.worst, took - (g:crowded_out() - crowded)) end
      seen.waited = seen.waited + (took < TIMEOUT and 0 or 1)
      seen.last = r.headers["X-Quota-State"]
      count(seen.statuses, r.status)
      count(seen.judges, seen.last)
    end
    return seen
  end

  local function times(log, pattern) return select(2, log:gsub(pattern, "")) end

  for _, case in ipairs(TROUBLES) do
    it(case.name, function()
      local wire = case.wire and proxies.start(redis)
      local g = start(('limit = 1000000, period = "month", zone = "z", timeout = "%dms"'):format(1000 * TIMEOUT), 1,
        wire and wire.url:gsub("//", "//:sesame@"))
      until_counted(g)
      case.trouble(wire)
      local seen = drive(g, 60)
      assert.is_true((seen.judges["local"] or 0) > 0, "never without Redis")
      g:wait_log("limit z: Redis does not count: [^\n]*" .. case.reason)
      assert.is_true(seen.waited <= 12 * gate.slow, seen.waited .. " have waited")
      case.mend(wire)
      gate.eventually(function() return drive(g, 1, seen).last == "redis" end, "Redis to count again", 15)
      assert.same({ [200] = seen.statuses[200] }, seen.statuses)
      assert.is_true(seen.worst <= TIMEOUT + TURN, seen.worst .. " s")
      assert.same({ redis = 10 }, drive(g, 10).judges)
      g:wait_log("limit z: counted in Redis again")
      assert.equal(1, times(g:log(), "Redis does not count"))
      assert.equal(1, times(g:log(), "counted in Redis again"))
      assert.is_nil(g:log():find("sesame", 1, true))
      if wire then wire:stop() end
    end)
  end

  it("gone, for two workers: the log is told once, and each goes on from what was said last", function()
    local g = start 'limit = 50, period = "month", zone = "z", timeout = "5s"'
    local seen = {}
    for _ = 1, 30 do count(seen, g:get("/").status) end
    redis:kill()
    for _ = 1, 30 do count(seen, g:get("/").status) end
    assert.same({ [200] = 50, [429] = 10 }, seen)
    assert.equal("local", state(g))
    assert.equal(1, times(g:log(), "Redis does not count"))
  end)

  it("gone, and nobody is to pass, or everybody", function()
    local strict = start('limit = 50, period = "month", on_down = "deny"', 1)
    local loose = start('limit = 2, period = "month", on_down = "allow", zone = "loose"', 1)
    until_counted(strict)
    until_counted(loose)
    redis:kill()
    local r = strict:get("/")
    assert.equal(503, r.status)
    assert.equal("limit_unknown", r.headers["X-Lunette-Reason"])
    assert.equal("deny", r.headers["X-Quota-State"])
    assert.same({ [200] = 20 }, drive(loose, 20).statuses)
    assert.equal("allow", state(loose))
    redis:run()
    until_counted(strict)
  end)
end)
