-- SPDX-License-Identifier: Apache-2.0
-- rateLimit.entries: how many clients are told apart, and what a flood of identities does where it is more than that.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("rateLimit", function()
  after_each(gate.cleanup)

  local function start(more)
    local conf = { limit = 1, window = "24h", algorithm = "fixed_window" }
    for key, value in pairs(more or {}) do conf[key] = value end
    return gate.proxy(gate.upstream(), {
      rateLimit = conf, gateway = { identity = { from = { "header:X-Key" } } },
    })
  end

  local function flood(g, n)
    local c, passed = gate.client(g), 0
    for i = 1, n do
      passed = passed + (c:get("/", { headers = { ["X-Key"] = "k" .. i } }).status == 200 and 1 or 0)
    end
    return passed
  end

  local function as(g, key) return g:get("/", { headers = { ["X-Key"] = key } }).status end

  local function shared(g)
    return tonumber(g:cli("metrics", "--control", g.control).out:match("\nlunette_limiter_shared_total (%d+)\n"))
  end

  it("lets those share a count for whom there is no room, and frees nobody", function()
    local g = start { entries = 64 }
    assert.equal(200, as(g, "me"))
    local passed = flood(g, 1000)
    assert.is_true(passed >= 60 and passed < 200, passed)
    assert.is_true(shared(g) > 800, shared(g))
    assert.equal(429, as(g, "me"))
  end)

  it("has room for a million when nobody says how many", function()
    local g = start()
    assert.equal(1000, flood(g, 1000))
    assert.equal(0, shared(g))
    assert.equal(200, as(g, "me"))
    assert.equal(429, as(g, "me"))
  end)

  it("has as much of it while Redis is away", function()
    local redis = gate.redis()
    redis:kill()
    local g = start { redisURL = redis.url, entries = 64 }
    assert.is_true(flood(g, 500) < 200)
    local roomy = start { redisURL = redis.url }
    assert.equal(500, flood(roomy, 500))
  end)

  it("says how much it wants where there is not so much", function()
    local d = gate.files { rateLimit = {
      limit = 4000, window = "1m", algorithm = "sliding_log", entries = 67108864,
    } }
    local out = gate.run("run", "-c", d:join("gateway.yaml"))
    assert.not_equal(0, out.code)
    assert.truthy(out.err:find('no room for "rateLimit', 1, true), out.err)
  end)
end)
