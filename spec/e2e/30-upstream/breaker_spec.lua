-- SPDX-License-Identifier: Apache-2.0
-- The breaker of an instance, shared by all workers: when it opens, how it closes, and who is told.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- Closed again soon, and not before those few requests have been asked that are to find it open.
local OPEN_FOR = 0.5 + 0.5 * gate.slow

local QUICK = {
  minRequests = 5, failureRatio = 0.6, window = "60s", openFor = ("%dms"):format(1000 * OPEN_FOR), probes = 3,
}


-- An upstream whose `answer` can be changed: a status, or a function of (request, connection).
local function patient(name)
  local it = { answer = 200 }
  it.up = gate.upstream { name = name, handler = function(request, connection)
    if type(it.answer) == "function" then return it.answer(request, connection) end
    return it.answer, name
  end }
  return it
end


local function start(its, options)
  options = options or {}
  local ups = {}
  for i, it in ipairs(its) do ups[i] = it.up end
  options.service = options.service or {}
  if options.service.breaker == nil then options.service.breaker = QUICK end
  return gate.proxy(ups, options)
end


local function statuses(g, n)
  local counts = {}
  for _ = 1, n do
    local status = g:get("/").status
    counts[status] = (counts[status] or 0) + 1
  end
  return counts
end


describe("a breaker", function()
  after_each(gate.cleanup)

  it("opens at the fifth failure of all workers, and recovers through three probes", function()
    local it = patient "it"
    local g = start({ it }, { workers = 2 })
    it.answer = 500
    assert.same({ [500] = 5, [503] = 5 }, statuses(g, 10))
    g:wait_log("breaker main http://[%d.:]+: closed %-> open %(5 of 5 failed%)")
    assert.equal(5, #it.up.requests)
    it.answer = 200
    gate.eventually(function() return g:get("/").status == 200 end, "a probe")
    assert.same({ [200] = 10 }, statuses(g, 10))
    g:wait_log("half%-open %-> closed")
    assert.equal(5 + 1 + 10, #it.up.requests)
  end)

  it("says each change once", function()
    local it = patient "it"
    local g = start({ it }, { workers = 2 })
    it.answer = 500
    statuses(g, 20)
    it.answer = 200
    gate.eventually(function() return g:get("/").status == 200 end, "a probe")
    statuses(g, 10)
    g:wait_log("half%-open %-> closed")
    for _, line in ipairs { "closed %-> open", "half%-open, 3 probes", "half%-open %-> closed" } do
      local _, n = g:log():gsub(line, "")
      assert.equal(1, n, line)
    end
  end)

  it("hears of a bad status with its head, and once", function()
    local it = patient "it"
    local open, n = gate.gate(), 0
    local g = start({ it }, { workers = 2 })
    it.answer = function(_, connection)
      n = n + 1
      if n <= 2 then return 200, "it" end
      connection:send("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n")
      open:wait()
      connection:reset()
    end
    assert.same({ [200] = 2 }, statuses(g, 2))
    local clients = {}
    for i = 1, 3 do
      clients[i] = gate.client(g):send(gate.http.request("GET", "/"))
      assert.equal(500, clients[i]:read_head().status)
    end
    assert.same({ [503] = 3 }, statuses(g, 3))
    g:wait_log("closed %-> open %(3 of 5 failed%)")
    open:open()
    for _, c in ipairs(clients) do c.socket:read_all() end
    it.answer = 200
    gate.eventually(function() return g:get("/").status == 200 end, "a probe")
    assert.same({ [200] = 10 }, statuses(g, 10))
    g:wait_log("half%-open %-> closed")
    assert.is_nil(g:log():find("half%-open %-> open"))
  end)

  it("costs nobody a request while another instance lives", function()
    local bad, good = patient "bad", patient "good"
    local g = start({ bad, good }, { service = { breaker = { openFor = "60s" } } })
    bad.answer = 500
    local counts = statuses(g, 60)
    assert.equal(5, counts[500])
    assert.equal(55, counts[200])
    assert.equal(5, #bad.up.requests)
  end)

  it("lets exactly the probes through, over all workers", function()
    local it = patient "it"
    local open = gate.gate()
    local g = start({ it }, { workers = 2 })
    it.answer = 500
    statuses(g, 5)
    it.answer = function()
      open:wait()
      return 200, "it"
    end
    local asked, counts = 0, { [200] = 0, [503] = 0 }
    local function ask()
      asked = asked + 1
      gate.go("client", function()
        local status = gate.client(g):get("/").status
        counts[status] = counts[status] + 1
      end)
    end
    gate.eventually(function()
      ask()
      return #it.up.requests > 5
    end, "the first probe")
    for _ = 1, 20 do ask() end
    gate.eventually(function() return counts[503] == asked - 3 end, "all but three refused")
    open:open()
    gate.eventually(function() return counts[200] == 3 end, "three answers")
    assert.equal(5 + 3, #it.up.requests)
    assert.same({ [200] = 10 }, statuses(g, 10))
  end)

  it("opens again, and for longer, when a probe fails", function()
    local it = patient "it"
    local g = start { it }
    it.answer = 500
    statuses(g, 5)
    local from
    gate.eventually(function()
      from = gate.now()
      return g:get("/").status == 500
    end, "the first probe")
    g:wait_log("half%-open %-> open %(a probe failed%)")
    it.answer = 200
    gate.eventually(function() return g:get("/").status == 200 end, "the second")
    assert.is_true(gate.now() - from > 1.8 * OPEN_FOR, "after " .. gate.now() - from)
  end)

  it("outlives a worker that dies with its probes", function()
    local it = patient "it"
    local g = start({ it }, { workers = 2, expect = { "worker" },
      service = { breaker = { openFor = "200ms", probes = 1 } } })
    it.answer = 500
    statuses(g, 5)
    local asked, hang = 0, true
    it.answer = function(_, connection)
      asked = asked + 1
      if hang then
        connection:wait_end()
        return nil
      end
      return 200, "it"
    end
    gate.eventually(function()
      gate.client(g):send(gate.http.request("GET", "/"))
      return asked == 1
    end, "the probe")
    hang = false
    local old = g:workers()
    for _, pid in ipairs(old) do gate.process.kill(pid, gate.process.KILL) end
    g:wait_workers(2, old)
    gate.eventually(function()
      local ok, r = pcall(g.get, g, "/")
      return ok and r.status == 200
    end, "the next probe", 10)
    assert.same({ [200] = 10 }, statuses(g, 10))
  end)

  it("counts what is reset or stays silent in between good answers", function()
    local it = patient "it"
    local g = start({ it }, { service = { retries = { tries = 1 }, pool = { idle = 0 },
      breaker = { minRequests = 10, failureRatio = 0.5, openFor = "20s" } } })
    local n = 0
    it.answer = function(_, connection)
      n = n + 1
      if n % 2 == 0 then return 200, "it" end
      connection:reset()
    end
    statuses(g, 10)
    g:wait_log("closed %-> open %(5 of 10 failed%)")
    assert.equal("no_healthy_backend", g:get("/").headers["X-Lunette-Reason"])
  end)

  it("does not count what the gateway refuses, nor clients that leave", function()
    local it = patient "it"
    local g = start({ it }, { gateway = { limits = { body = 10 } } })
    for _ = 1, 10 do assert.equal(413, g:post("/", ("x"):rep(100)).status) end
    it.answer = function(_, connection) connection:wait_end() end
    for i = 1, 10 do
      local c = gate.client(g):send(gate.http.request("GET", "/"))
      gate.eventually(function() return #it.up.requests >= i end, "request " .. i)
      c:close()
    end
    it.answer = 200
    assert.same({ [200] = 10 }, statuses(g, 10))
  end)

  it("takes its failures from `statuses`", function()
    local it = patient "it"
    local g = start({ it }, { service = { breaker = { statuses = { 429, "502-503" } } } })
    it.answer = 500
    assert.same({ [500] = 20 }, statuses(g, 20))
    it.answer = 429
    local counts = statuses(g, 60)
    assert.is_true(counts[503] > 0)
  end)

  it("that is off never opens", function()
    local it = patient "it"
    local g = start({ it }, { service = { breaker = false } })
    it.answer = 500
    assert.same({ [500] = 30 }, statuses(g, 30))
  end)

  it("stays open over a reload", function()
    local it = patient "it"
    local g = start({ it }, { service = { breaker = { openFor = "30s" } } })
    it.answer = 500
    assert.same({ [500] = 5, [503] = 1 }, statuses(g, 6))
    assert.equal(0, g:reload().code)
    assert.same({ [503] = 5 }, statuses(g, 5))
  end)
end)
