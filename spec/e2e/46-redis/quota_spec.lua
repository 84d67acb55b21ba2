-- SPDX-License-Identifier: Apache-2.0
-- The example redis-quota with two workers, and Redis killed, stopped, slow and back: requests never wait longer than they
-- have said, by on_down they pass or do not, and routes without Redis are not touched.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local file = assert(io.open(gate.root .. "/spec/fixtures/design/plugins/redis-quota.lua"))
-- Longer than its 50 ms: a Redis that is well has to meet it here, on a busy machine too.
local TIMEOUT = 0.4
local QUOTA, found = file:read("*a"):gsub('"50ms"', ('"%dms"'):format(1000 * TIMEOUT))
file:close()
assert(found == 1, "the example has another timeout")

local ROUTES = [[
local main = service "main"
get "/plain" { to = main }
get "/quota" { to = main, use "redis-quota" { redis = "%s", limit = 40, window = "720h" } }
get "/strict" { to = main, use "redis-quota" { redis = "%s", limit = 1000000, on_down = "deny" } }
get "/loose" { to = main, use "redis-quota" { redis = "%s", limit = 1000000 } }
]]


describe("redis-quota", function()
  local server, up, g

  before_each(function()
    server = gate.redis { password = "open-sesame" }
    up = gate.upstream(function() return 200, "main" end)
    g = gate.start {
      services = { { name = "main", instances = { up } } }, plugins = { ["redis-quota"] = QUOTA },
      routes = ROUTES:gsub("%%s", server.url), workers = 2,
    }
  end)
  after_each(function()
    local log = g:log()
    gate.cleanup()
    assert.is_nil(log:find("sesame", 1, true))
  end)

  -- Asks `n` times, some at a time; how often each status came.
  local function ask_many(path, n)
    local seen, tasks = {}, {}
    for i = 1, 4 do
      tasks[i] = gate.go("client " .. i, function()
        for _ = 1, n / 4 do
          local status = g:get(path).status
          seen[status] = (seen[status] or 0) + 1
        end
      end)
    end
    for _, task in ipairs(tasks) do task:join() end
    return seen
  end

  -- Less what others took of the processors.
  local function timed(path)
    local crowded, start = g:crowded_out(), gate.now()
    local r = g:get(path)
    return r.status, gate.now() - start - (g:crowded_out() - crowded)
  end

  -- From every worker.
  local function await_status(path, status)
    gate.eventually(function()
      for _ = 1, 12 do
        if g:get(path).status ~= status then return false end
      end
      return true
    end, path .. " to give " .. status)
  end

  it("counts exactly across workers", function()
    assert.same({ [200] = 40, [429] = 20 }, ask_many("/quota", 60))
    assert.equal("0", g:get("/quota").headers["X-Quota-Remaining"])
    local keys = server:command("KEYS", "quota:127.0.0.1:*")
    assert.equal(1, #keys)
    assert.truthy(server:command("TTL", keys[1]) > 0)
  end)

  it("lets pass or denies while Redis is gone, and comes back by itself", function()
    assert.equal("999999", g:get("/loose").headers["X-Quota-Remaining"])
    server:kill()
    assert.same({ [200] = 20 }, ask_many("/loose", 20))
    assert.same({ [503] = 20 }, ask_many("/strict", 20))
    assert.same({ [200] = 20 }, ask_many("/plain", 20))
    local lines = select(2, g:log():gsub("redis redis://127.0.0.1:%d+/0: down: Connection refused", ""))
    assert.truthy(lines >= 1 and lines <= 2, g:log()) -- one for each worker that was asked
    server:run()
    await_status("/strict", 200)
    assert.truthy(g:get("/strict").headers["X-Quota-Remaining"])
    g:wait_log("redis redis://127.0.0.1:%d+/0: up")
  end)

  it("never waits longer than its timeout for a Redis that hangs", function()
    assert.equal(200, g:get("/strict").status)
    server:pause()
    for _ = 1, 30 do
      local status, took = timed("/strict")
      assert.equal(503, status)
      assert.truthy(took < TIMEOUT + 0.25 * gate.slow, took)
    end
    assert.same({ [200] = 20 }, ask_many("/loose", 20))
    -- Three in a row in each worker; then it is known to be down, and nobody waits any more.
    assert.truthy(select(2, g:log():gsub("no answer within the timeout", "")) <= 6, g:log())
    g:wait_log("down: it does not answer")
    assert.same({ [200] = 20 }, ask_many("/plain", 20))
    server:resume()
    await_status("/strict", 200)
  end)

  it("gives nobody the answer of another one after a pause", function()
    assert.equal("39", g:get("/quota").headers["X-Quota-Remaining"])
    local aside = server:command_aside("DEBUG", "SLEEP", 3 * TIMEOUT)
    for _ = 1, 10 do assert.equal(200, g:get("/loose").status) end
    aside:read_until("\r\n")
    aside:close()
    await_status("/strict", 200)
    for _ = 1, 5 do
      local left = tonumber(g:get("/loose").headers["X-Quota-Remaining"])
      assert.truthy(left == nil or left > 900000, left)
    end
    assert.equal("38", g:get("/quota").headers["X-Quota-Remaining"])
  end)

  it("keeps its connections over a reload", function()
    ask_many("/strict", 20)
    local before = server:command("INFO", "stats"):match("total_connections_received:(%d+)")
    for _ = 1, 3 do g:reload() end
    ask_many("/strict", 20)
    local after = server:command("INFO", "stats"):match("total_connections_received:(%d+)")
    assert.truthy(after - before <= 2, after - before) -- the spec's own, and a worker that was not asked before
  end)

  it("closes what no generation uses any more", function()
    ask_many("/strict", 20)
    g.dir:write("routes.lua", 'local main = service "main"\nget "/plain" { to = main }\n')
    g:reload()
    assert.equal(200, g:get("/plain").status)
    gate.eventually(function()
      return not server:command("CLIENT", "LIST"):find("name=lunette", 1, true)
    end, "the connections to be closed")
  end)

  it("fails closed and open with a wrong password, and says why once", function()
    server:command("CONFIG", "SET", "requirepass", "another")
    server.password = "another"
    server:command("CLIENT", "KILL", "TYPE", "normal")
    assert.equal(503, g:get("/strict").status)
    assert.equal(200, g:get("/loose").status)
    g:wait_log("down: WRONGPASS")
    server:command("CONFIG", "SET", "requirepass", "open-sesame")
    server.password = "open-sesame"
    await_status("/strict", 200)
  end)

  it("treats a replica as a service that refuses", function()
    server:command("REPLICAOF", "127.0.0.1", "1")
    assert.same({ [503] = 20 }, ask_many("/strict", 20))
    assert.same({ [200] = 20 }, ask_many("/loose", 20))
    server:command("REPLICAOF", "NO", "ONE")
    await_status("/strict", 200)
  end)
end)
