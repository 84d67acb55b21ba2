-- SPDX-License-Identifier: Apache-2.0
-- The simplest complete configuration, as DESIGN.md gives it, with only the ports put in.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local FILE = [[
gateway:
  port: ":0"
  timeout: 30
services:
  - name: "user-service"
    path: "/api/users"
    instances:
      - "http://localhost:%d"
      - "http://localhost:%d"
    strategy: "round_robin"
rateLimit:
  requestsPerSecond: 100
  burstSize: 10
  redisURL: "redis://localhost:%s"
]]


describe("the simplest gateway.yaml", function()
  local ups, redis, g

  setup(function()
    ups, redis = { gate.upstream { name = "one" }, gate.upstream { name = "two" } }, gate.redis()
    g = gate.start { yaml = FILE:format(ups[1].port, ups[2].port, redis.port) }
  end)
  teardown(gate.cleanup)

  it("proxies to its service", function()
    local r = g:get("/api/users/7")
    assert.equal(200, r.status)
    assert.is_true(r.body == "one" or r.body == "two")
  end)

  it("takes the service's path off before it proxies", function()
    local r = g:get("/api/users/7?x=1")
    local up = r.body == "one" and ups[1] or ups[2]
    assert.equal("/7?x=1", up:last().target)
  end)

  it("balances round robin", function()
    local first, second = g:get("/api/users/").body, g:get("/api/users/").body
    assert.is_true(first ~= second)
  end)

  it("answers 404 where there is no service", function()
    local r = g:get("/elsewhere")
    assert.equal(404, r.status)
    assert.equal("Service not found\n", r.body)
  end)

  it("counts every client in Redis, in a log of one second", function()
    assert.equal("redis", g:get("/api/users/").headers["X-RateLimit-State"])
    local key = "rate_limit:{gateway:127.0.0.1}"
    local answers = redis:pipeline { { "TYPE", key }, { "ZCARD", key }, { "PTTL", key } }
    assert.equal("zset", answers[1])
    assert.is_true(answers[2] >= 1 and answers[3] > 0 and answers[3] <= 1000)
  end)

  it("reports the address it listens on, with the port that the kernel chose", function()
    assert.is_true(g.port > 0)
    assert.matches(":" .. g.port .. "$", g.listeners[1])
  end)
end)


describe("the rate limit of the simplest gateway.yaml, when there is no Redis,", function()
  after_each(gate.cleanup)

  it("lets the burst of ten through and answers the rest 429", function()
    local nowhere = gate.upstream()
    nowhere:go_down()
    local g = gate.start { yaml = FILE:format(gate.upstream().port, gate.upstream().port, nowhere.port) }
    local c, from = gate.client(g), gate.now()
    c:send(gate.http.request("GET", "/api/users"):rep(200))
    local counts = { [200] = 0, [429] = 0 }
    for _ = 1, 200 do
      local status = c:read().status
      counts[status] = counts[status] + 1
    end
    local refilled = 100 * (gate.now() - from) + 1
    assert.is_true(counts[200] >= 10 and counts[200] <= 10 + refilled, counts[200] .. " passed")
  end)
end)
