-- SPDX-License-Identifier: Apache-2.0
-- The gateway-wide limit: exact, before routing, per client, per listener.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- A limit that gives its burst and then nothing for the length of a spec.
local function slow_limit(burst)
  return { limit = burst, window = "24h", burstSize = burst }
end


local function passed(g, n, options)
  local count = 0
  for _ = 1, n do
    if g:get("/", options).status == 200 then count = count + 1 end
  end
  return count
end


describe("rateLimit", function()
  after_each(gate.cleanup)

  it("answers 429 beyond the burst", function()
    local up = gate.upstream()
    local g = gate.proxy(up, { rateLimit = slow_limit(3) })
    for _ = 1, 3 do assert.equal(200, g:get("/").status) end
    local r = g:get("/")
    assert.equal(429, r.status)
    assert.equal("Rate limit exceeded\n", r.body)
    assert.equal("rate_limited", r.headers["X-Lunette-Reason"])
    assert.equal(3, #up.requests)
  end)

  it("answers 429 as JSON where that is accepted", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(1) })
    g:get("/")
    local r = g:get("/", { headers = { Accept = "application/json" } })
    assert.equal(429, r.status)
    assert.equal("rate_limited", r:json().code)
  end)

  it("keeps the connection of a client that it refuses", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(1) })
    local c = gate.client(g)
    for _, status in ipairs { 200, 429, 429 } do assert.equal(status, c:get("/").status) end
  end)

  it("refuses a request with its body, and reads the next one rightly", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(1) })
    local c = gate.client(g)
    c:get("/")
    assert.equal(429, c:post("/", "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n").status)
    local again = c:get("/")
    assert.is_true(again == nil or again.status == 429)
  end)

  it("counts requests that no route matches", function()
    local g = gate.start { rateLimit = slow_limit(2) }
    assert.equal(404, g:get("/").status)
    assert.equal(404, g:get("/").status)
    assert.equal(429, g:get("/").status)
  end)

  for workers = 1, 3 do
    it(("is exact across %d workers"):format(workers), function()
      local g = gate.proxy(gate.upstream(), { workers = workers, rateLimit = slow_limit(40) })
      assert.equal(40, passed(g, 60))
    end)
  end

  it("fills again with time", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = { requestsPerSecond = 5, burstSize = 1 } })
    assert.equal(200, g:get("/").status)
    gate.eventually(function() return g:get("/").status == 200 end, "the next token")
  end)

  it("counts every client for itself", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(2) })
    assert.equal(2, passed(g, 5))
    assert.equal(2, passed(g, 5, { from = "127.0.0.2" }))
  end)

  it("cannot be dodged with X-Forwarded-For", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(2) })
    local count = 0
    for i = 1, 5 do
      local headers = { ["X-Forwarded-For"] = "10.0.0." .. i }
      if g:get("/", { headers = headers }).status == 200 then count = count + 1 end
    end
    assert.equal(2, count)
  end)

  it("believes X-Forwarded-For from a trusted proxy", function()
    local g = gate.proxy(gate.upstream(), {
      rateLimit = slow_limit(1), gateway = { trustedProxies = { "127.0.0.1" } },
    })
    for i = 1, 3 do
      local headers = { ["X-Forwarded-For"] = "10.0.0." .. i }
      assert.equal(200, g:get("/", { headers = headers }).status)
      assert.equal(429, g:get("/", { headers = headers }).status)
    end
  end)

  it("counts by the identity that the configuration names", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(1),
      gateway = { identity = { from = { "header:X-Api-Key", "address" } } } })
    for _, key in ipairs { "a", "b" } do
      assert.equal(1, passed(g, 3, { headers = { ["X-Api-Key"] = key } }))
    end
    assert.equal(1, passed(g, 3))
  end)

  it("does not count on listeners with rateLimit off", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(2), gateway = { listeners = {
      { name = "main", listen = "127.0.0.1:0" },
      { name = "free", listen = "127.0.0.1:0", rateLimit = false },
    } } })
    assert.equal(10, passed(g, 10, { listener = "free" }))
    assert.equal(2, passed(g, 5))
    assert.equal(5, passed(g, 5, { listener = "free" }))
  end)

  it("keeps counting through a reload and through the death of a worker", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = slow_limit(3) })
    assert.equal(2, passed(g, 2))
    assert.equal(0, g:reload().code)
    local old = g:workers()
    g:expect("worker")
    g:kill_worker(1)
    g:wait_workers(1, old)
    gate.eventually(function() return pcall(g.get, g, "/") end, "the new worker")
    assert.equal(429, g:get("/").status)
  end)
end)
