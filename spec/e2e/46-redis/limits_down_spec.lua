-- SPDX-License-Identifier: Apache-2.0
-- A limit in Redis while Redis is refused, stopped, slow, a replica, loading, full, locked or cut off: no request waits
-- longer than its timeout and a turn of the loop, none fails, the log is told once, and all recovers alone. With
-- TABLE=1 what clients saw is printed: docs/limits.md has it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local proxies = require "spec.support.redis_proxy"

local TIMEOUT, TURN = 0.2, 0.1 * gate.slow -- the turn, and what a Redis that is well may take, are those of a busy machine


-- What is broken, how it ends, and who judges meanwhile. `wire`: through a proxy.
local TROUBLES = {
  {
    name = "refused", reason = "Connection refused",
    trouble = function(redis) redis:kill() end,
    mend = function(redis) redis:run() end,
  }, {
    name = "stopped (SIGSTOP)", reason = "does not answer",
    trouble = function(redis) redis:pause() end,
    mend = function(redis) redis:resume() end,
  }, {
    name = "blocked (DEBUG SLEEP)", reason = "does not answer",
    trouble = function(redis) redis:command_aside("DEBUG", "SLEEP", "1.5") end,
    mend = function() end,
  }, {
    name = "slow", wire = true, reason = "does not answer",
    trouble = function(_, wire) wire.delay = 3 * TIMEOUT end,
    mend = function(_, wire) wire.delay = 0 end,
  }, {
    name = "busy with a script", reason = "BUSY",
    trouble = function(redis)
      redis:command("CONFIG", "SET", "busy-reply-threshold", "1")
      redis:command_aside("EVAL", "while true do end", "0")
    end,
    mend = function(redis) redis:command("SCRIPT", "KILL") end,
  }, {
    name = "a replica (READONLY)", reason = "READONLY",
    trouble = function(redis) redis:command("REPLICAOF", "127.0.0.1", "1") end,
    mend = function(redis) redis:command("REPLICAOF", "NO", "ONE") end,
  }, {
    name = "full (OOM)", reason = "OOM",
    trouble = function(redis) redis:command("CONFIG", "SET", "maxmemory", "1") end,
    mend = function(redis) redis:command("CONFIG", "SET", "maxmemory", "0") end,
  }, {
    name = "another password", reason = "WRONGPASS",
    trouble = function(redis)
      redis:command("CONFIG", "SET", "requirepass", "another")
      redis.password = "another"
      redis:command("CLIENT", "KILL", "TYPE", "normal")
    end,
    mend = function(redis) redis:command("CONFIG", "SET", "requirepass", "sesame") end,
  }, {
    name = "loading", reason = "LOADING",
    trouble = function(redis)
      redis:command("DEBUG", "POPULATE", "3000")
      redis:command("SAVE")
      redis:kill()
      redis:run({ "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024" }, "Server initialized")
    end,
    mend = function() end,
  },
}


-- Requests one after the other: how long the longest took, who judged.
local function drive(g, n, seen)
  seen = seen or { worst = 0, waited = 0, judges = {}, statuses = {} }
  for _ = 1, n do
    local crowded, from = g:crowded_out(), gate.now()
    local r = g:get("/")
    local judge = r.headers["X-RateLimit-State"]
    local took = gate.now() - from
    if took > seen.worst then seen.worst = math.max(seen.worst, took - (g:crowded_out() - crowded)) end
    seen.waited = seen.waited + (took < TIMEOUT and 0 or 1)
    seen.judges[judge] = (seen.judges[judge] or 0) + 1
    seen.statuses[r.status] = (seen.statuses[r.status] or 0) + 1
    seen.last = judge
  end
  return seen
end


local function times(log, pattern)
  local _, n = log:gsub(pattern, "")
  return n
end


local function report(name, seen, back)
  if not os.getenv("TABLE") then return end
  io.stderr:write(("| %s | %d, none failed | %d | %.0f ms | %.1f s |\n"):format(name, seen.statuses[200], seen.waited,
    1000 * seen.worst, back))
end


describe("a limit in Redis, when Redis is", function()
  after_each(gate.cleanup)

  for _, case in ipairs(TROUBLES) do
    it(case.name, function()
      local redis = gate.redis { password = "sesame" }
      local wire = case.wire and proxies.start(redis)
      local url = wire and wire.url:gsub("//", "//:sesame@") or redis.url
      local g = gate.proxy(gate.upstream(), { rateLimit = {
        limit = 1000000, window = "24h", algorithm = "gcra", burstSize = 1000000, redisURL = url,
        timeout = TIMEOUT * 1000 .. "ms",
      } })
      gate.eventually(function() return drive(g, 1).last == "redis" end, "a connection")
      assert.same({ redis = 5 }, drive(g, 5).judges)

      case.trouble(redis, wire)
      local seen = drive(g, 60)
      local till = gate.now() + (wire and 2.5 or 0) -- it connects again and again
      while gate.now() < till do drive(g, 10, seen) end
      assert.is_true(seen.waited <= 12 * gate.slow, seen.waited .. " have waited")
      assert.is_true((seen.judges["local"] or 0) > 0, "never without Redis")
      g:wait_log("limit gateway: Redis does not count: [^\n]*" .. case.reason)
      assert.is_true(seen.worst <= TIMEOUT + TURN, seen.worst .. " s")

      case.mend(redis, wire)
      local from = gate.now()
      gate.eventually(function() return drive(g, 1, seen).last == "redis" end, "Redis to judge again", 15)
      report(case.name, seen, gate.now() - from)
      assert.same({ [200] = seen.statuses[200] }, seen.statuses)
      assert.is_true(seen.worst <= TIMEOUT + TURN, seen.worst .. " s")
      assert.same({ redis = 10 }, drive(g, 10).judges)
      g:wait_log("limit gateway: counted in Redis again")
      assert.equal(1, times(g:log(), "Redis does not count"))
      assert.equal(1, times(g:log(), "counted in Redis again"))
      assert.is_nil(g:log():find("sesame", 1, true))
      if wire then wire:stop() end
    end)
  end

  it("cut off in the middle of replies", function()
    local redis = gate.redis()
    local wire = proxies.start(redis)
    local g = gate.proxy(gate.upstream(), { rateLimit = {
      limit = 1000000, window = "24h", algorithm = "gcra", burstSize = 1000000, redisURL = wire.url,
      timeout = TIMEOUT * 1000 .. "ms",
    } })
    gate.eventually(function() return drive(g, 1).last == "redis" end, "a connection")
    local seen
    for _ = 1, 20 do
      wire:cut()
      seen = drive(g, 3, seen)
    end
    report("cut in the middle of a reply, 20 times", seen, 0)
    assert.same({ [200] = 60 }, seen.statuses)
    assert.is_true(seen.worst <= TIMEOUT + TURN, seen.worst .. " s")
    gate.eventually(function() return drive(g, 1).last == "redis" end, "Redis to judge again", 15)
    assert.same({ redis = 10 }, drive(g, 10).judges)
    wire:stop()
  end)
end)


describe("a limit whose Redis is gone", function()
  after_each(gate.cleanup)

  local function start(redis, more, workers)
    local conf = { limit = 40, window = "24h", algorithm = "gcra", burstSize = 40, redisURL = redis.url }
    conf.timeout = "5s"
    for key, value in pairs(more or {}) do conf[key] = value end
    return gate.proxy(gate.upstream(), { rateLimit = conf, workers = workers or 1 })
  end

  -- Both gateways have had an answer since both were there.
  local function await_census(redis, n)
    local key, since = "rate_limit:{gateway}:gateways", nil
    gate.eventually(function()
      local list = redis:command("ZRANGE", key, "0", "-1", "WITHSCORES")
      local now, first = tonumber(redis:command("TIME")[1]), math.huge
      for i = 2, #list, 2 do first = math.min(first, tonumber(list[i]) / 1e6 - 7) end
      if #list == 2 * n then since = since or now + 1 end
      return since and first > since
    end, n .. " gateways to know each other", 20)
  end

  local function count(g, n)
    local got = {}
    for _ = 1, n do
      local status = g:get("/").status
      got[status] = (got[status] or 0) + 1
    end
    return got
  end

  it("holds for each gateway by its share: local", function()
    local redis = gate.redis()
    local a, b = start(redis, nil, 2), start(redis, nil, 2)
    await_census(redis, 2)
    redis:kill()
    assert.same({ [200] = 20, [429] = 10 }, count(a, 30))
    assert.same({ [200] = 20, [429] = 10 }, count(b, 30))
    a:wait_log("every gateway counts for itself, 1 part of 2")
    assert.equal(1, times(a:log(), "Redis does not count"))
    -- a worker that is started now knows the share, and what was counted
    local old = a:workers()
    a:expect("worker")
    a:kill_worker(1)
    a:wait_workers(2, { old[1] })
    assert.equal(0, a:reload().code)
    for _ = 1, 10 do
      gate.eventually(function() return pcall(a.get, a, "/") end, "the new worker")
      assert.equal(429, a:get("/").status)
    end
  end)

  it("lets everybody pass: allow", function()
    local redis = gate.redis()
    local g = start(redis, { onDown = "allow", limit = 2, burstSize = 2 })
    assert.same({ [200] = 2, [429] = 1 }, count(g, 3))
    redis:kill()
    assert.same({ [200] = 20 }, count(g, 20))
    assert.equal("allow", g:get("/").headers["X-RateLimit-State"])
    g:wait_log("until it does, everybody passes")
  end)

  it("refuses everybody with 503, for no fault of theirs: deny", function()
    local redis = gate.redis()
    local g = start(redis, { onDown = "deny" })
    assert.equal(200, g:get("/").status)
    redis:kill()
    local r = g:get("/")
    assert.equal(503, r.status)
    assert.equal("limit_unknown", r.headers["X-Lunette-Reason"])
    assert.equal("deny", r.headers["X-RateLimit-State"])
    assert.equal("1", r.headers["Retry-After"])
    redis:run()
    gate.eventually(function() return g:get("/").status == 200 end, "Redis", 15)
  end)

  it("serves when it starts without one, and takes it when it comes", function()
    local redis = gate.redis()
    redis:kill()
    local g = start(redis)
    assert.equal(200, g:get("/").status)
    redis:run()
    gate.eventually(function() return g:get("/").headers["X-RateLimit-State"] == "redis" end, "Redis", 15)
  end)

  it("says that it is over also for workers to whom nobody comes", function()
    local redis = gate.redis { password = "sesame" }
    local g = start(redis, { timeout = "500ms" }, 2)
    local function down()
      return tonumber(g:cli("metrics", "--control", g.control).out:match("\nlunette_limits_down (%d+)\n"))
    end

    redis:command("CONFIG", "SET", "requirepass", "another")
    redis.password = "another"
    redis:command("CLIENT", "KILL", "TYPE", "normal")
    gate.eventually(function()
      g:get("/")
      return down() == 2
    end, "both workers to do without")
    redis:command("CONFIG", "SET", "requirepass", "sesame")
    gate.eventually(function() return down() == 0 end, "both to count again", 15)
    assert.is_nil(g:log():find("counted in Redis again", 1, true))
    gate.eventually(function() return g:get("/").headers["X-RateLimit-State"] == "redis" end, "an answer of Redis")
    g:wait_log("limit gateway: counted in Redis again")
  end)

  it("lets go of requests whose clients have left", function()
    local redis = gate.redis()
    local g = start(redis, { timeout = "20s" })
    assert.equal(200, g:get("/").status)
    redis:pause()
    for _ = 1, 20 do
      local c = gate.client(g)
      c:send(gate.http.request("GET", "/"))
      c:reset()
    end
    gate.eventually(function()
      return g:cli("metrics", "--control", g.control).out:find("\nlunette_exchanges 0\n")
    end, "the end of exchanges")
    redis:resume()
    assert.equal(200, g:get("/").status)
  end)
end)
