-- SPDX-License-Identifier: Apache-2.0
-- Active checks over HTTP: what fails one, what they change, and who makes them.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local QUICK = { path = "/health", interval = "20ms", timeout = "2s", rise = 2, fall = 3, jitter = 0 }


-- As a Lua pattern.
local function literal(text)
  return (text:gsub("%p", "%%%0"))
end


-- An instance whose answers to checks can be changed: a status, or a function of (connection, number of the check).
local function checked(name)
  local it = { check = 200, checks = 0, traffic = 0, times = {} }
  it.up = gate.upstream { name = name, handler = function(request, connection)
    if not request.target:find("^/health") then
      it.traffic = it.traffic + 1
      return 200, name
    end
    it.checks = it.checks + 1
    it.times[it.checks] = gate.now()
    it.last = request
    if type(it.check) == "function" then return it.check(connection, it.checks) end
    return it.check, "fine"
  end }
  return it
end


local function with(changes)
  local health = {}
  for k, v in pairs(QUICK) do health[k] = v end
  for k, v in pairs(changes or {}) do health[k] = v end
  return health
end


local function start(its, options)
  options = options or {}
  local ups = {}
  for i, it in ipairs(its) do ups[i] = it.up end
  options.service = options.service or {}
  options.service.health = options.service.health or with()
  return gate.proxy(ups, options)
end


local function wait_checks(it, n)
  gate.eventually(function() return it.checks >= n end, "check " .. n)
end


local function down(it)
  return "health main " .. literal(it.up.url) .. ": up %-> down %("
end


local function up(it)
  return "health main " .. literal(it.up.url) .. ": down %-> up %("
end


-- Where n requests land: only at those whose name is in `names`.
local function assert_lands(g, n, ...)
  local seen, want = {}, {}
  for _, name in ipairs { ... } do want[name] = true end
  for _ = 1, n do
    local r = g:get("/")
    assert.equal(200, r.status)
    seen[r.body] = true
  end
  assert.same(want, seen)
end


local function count_log(g, pattern)
  return select(2, g:log():gsub(pattern, ""))
end


describe("a health check", function()
  after_each(gate.cleanup)

  it("takes an instance out after `fall` failures and back after `rise` successes, for all workers", function()
    local a, b = checked "a", checked "b"
    local g = start({ a, b }, { workers = 2 })
    assert_lands(g, 10, "a", "b")
    a.check = 500
    g:wait_log(down(a) .. "3 checks failed: status 500%)")
    local before = a.traffic
    assert_lands(g, 20, "b")
    assert.equal(before, a.traffic)
    a.check = 200
    g:wait_log(up(a) .. "2 checks succeeded%)")
    assert_lands(g, 10, "a", "b")
    assert.equal(1, count_log(g, down(a)))
    assert.equal(1, count_log(g, up(a)))
    assert.equal(0, count_log(g, down(b)))
  end)

  it("changes nothing before as many results in a row", function()
    local a, b = checked "a", checked "b"
    local answers = { 200, 500, 500, 200, 500, 500, 200 }
    a.check = function(_, n) return answers[n] or 200 end
    local g = start({ a, b })
    wait_checks(a, #answers + 2)
    assert.equal(0, count_log(g, down(a)))
    assert_lands(g, 10, "a", "b")
    local from = a.checks
    answers = { 500, 500, 500, 200, 500, 200, 500, 200, 500 }
    a.check = function(_, n) return answers[n - from] or 500 end
    wait_checks(a, from + #answers + 2)
    assert.equal(1, count_log(g, down(a)))
    assert.equal(0, count_log(g, up(a)))
    assert_lands(g, 10, "b")
  end)

  it("begins at once, before any request", function()
    local a = checked "a"
    start({ a }, { service = { health = with { interval = "1h" } } })
    wait_checks(a, 1)
  end)

  it("is made on a connection of its own, with the headers that are asked for", function()
    local a = checked "a"
    local g = start({ a }, { service = { health = with {
      path = "/health?full=1", host = "users.internal", headers = { ["X-Check"] = "yes", ["User-Agent"] = "me" } } } })
    for _ = 1, 4 do g:get("/") end
    wait_checks(a, 3)
    local by_connection = {}
    for _, request in ipairs(a.up.requests) do
      local kind = request.target == "/" and "traffic" or request.target
      assert.is_true(by_connection[request.connection] == nil
        or by_connection[request.connection] == "traffic" and kind == "traffic")
      by_connection[request.connection] = kind
    end
    assert.equal("/health?full=1", a.last.target)
    assert.equal("GET", a.last.method)
    assert.equal("users.internal", a.last.headers["Host"])
    assert.equal("yes", a.last.headers["X-Check"])
    assert.equal("me", a.last.headers["User-Agent"])
    assert.equal("close", a.last.headers["Connection"])
  end)

  it("takes `statuses` and ranges for successes", function()
    local a, b = checked "a", checked "b"
    a.check, b.check = 204, 301
    local g = start({ a, b }, { service = { health = with { statuses = { "200-299", 429 } } } })
    g:wait_log(down(b) .. "3 checks failed: status 301%)")
    assert_lands(g, 6, "a")
    b.check = 429
    g:wait_log(up(b))
    assert.equal(0, count_log(g, down(a)))
  end)

  it("looks for a text in the response", function()
    local a, b = checked "a", checked "b"
    a.check = function() return 200, '{"status":"UP"}' end
    local g = start({ a, b }, { service = { health = with { body = '"UP"' } } })
    g:wait_log(down(b) .. "3 checks failed: the expected text is not in the response%)")
    assert_lands(g, 6, "a")
    b.check = a.check
    g:wait_log(up(b))
    assert_lands(g, 6, "a", "b")
  end)

  it("fails by silence", function()
    local a, b = checked "a", checked "b"
    a.check = function(connection) connection:wait_end() end
    local g = start({ a, b }, { service = { health = with { timeout = "250ms" } } })
    g:wait_log(down(a) .. "3 checks failed: timed out after 250 ms, waiting for the response%)")
    assert_lands(g, 6, "b")
    a.check = 200
    g:wait_log(up(a))
  end)

  it("fails when connections are refused, cut off, or answered with nonsense", function()
    local a, b, c = checked "a", checked "b", checked "c"
    local g = start({ a, b, c }, { service = { panicThreshold = 0 } })
    a.up:go_down()
    b.check = function(connection) connection:reset() end
    c.check = function(connection)
      connection:send("nonsense\r\n\r\n")
      connection:close()
    end
    g:wait_log(down(a) .. "3 checks failed: connection refused%)")
    g:wait_log(down(b) .. "3 checks failed: the connection was closed before a response%)")
    g:wait_log(down(c) .. "3 checks failed: ")
    assert.equal(503, g:get("/").status)
    a.up:come_back()
    g:wait_log(up(a))
    assert_lands(g, 4, "a")
  end)

  it("is made by one worker for all", function()
    local a = checked "a"
    local begun = gate.now()
    start({ a }, { workers = 3, service = { health = with { interval = "150ms" } } })
    wait_checks(a, 8)
    -- Seven intervals; two workers would have made as many checks in three.
    assert.is_true(a.times[8] - begun > 7 * 0.14, a.times[8] - begun)
  end)

  it("is taken over when its worker is killed, and what was found stays", function()
    local a, b = checked "a", checked "b"
    local g = start({ a, b }, { workers = 2, expect = { "worker" } })
    a.check = 500
    g:wait_log(down(a))
    for _, pid in ipairs(g:workers()) do
      local old = g:workers()
      gate.process.kill(pid, gate.process.KILL)
      gate.eventually(function() return not gate.process.exists(pid) end, "its end")
      wait_checks(a, a.checks + 5)
      gate.eventually(function() return #g:workers() == 2 end, "its successor", 10)
      assert.is_not.same(old, g:workers())
      assert_lands(g, 6, "b")
    end
    assert.equal(1, count_log(g, down(a)))
    a.check = 200
    g:wait_log(up(a))
    assert_lands(g, 10, "a", "b")
  end)

  it("goes on over a reload, and ends with its configuration", function()
    local a, b = checked "a", checked "b"
    local g = start({ a, b })
    a.check = 500
    g:wait_log(down(a))
    assert.equal(0, g:reload().code)
    wait_checks(a, a.checks + 5)
    assert_lands(g, 6, "b")
    assert.equal(1, count_log(g, down(a)))
    local text = g.dir:read("gateway.yaml")
    local without = text:gsub('"health": %b{}, ', "")
    assert.is_not.equal(text, without)
    g.dir:write("gateway.yaml", without)
    assert.equal(0, g:reload().code)
    assert_lands(g, 20, "a", "b") -- a check that was under way has been heard of by now
    local from = a.checks
    assert_lands(g, 20, "a", "b")
    assert.equal(from, a.checks)
  end)
end)
