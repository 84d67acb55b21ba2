-- SPDX-License-Identifier: Apache-2.0
-- rateLimit in this gateway's memory: other ways to count, several windows, what clients are told.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("rateLimit", function()
  after_each(gate.cleanup)

  local function passing(g, n)
    local passed = 0
    for _ = 1, n do passed = passed + (g:get("/").status == 200 and 1 or 0) end
    return passed
  end

  for _, algorithm in ipairs { "sliding_window", "sliding_log", "fixed_window" } do
    it("counts by " .. algorithm .. ", over all workers and through reloads", function()
      local g = gate.proxy(gate.upstream(), {
        workers = 2, rateLimit = { limit = 7, window = "24h", algorithm = algorithm },
      })
      assert.equal(4, passing(g, 4))
      assert.equal(0, g:reload().code)
      assert.equal(3, passing(g, 10))
      local refused = g:get("/")
      assert.equal(429, refused.status)
      assert.equal("Rate limit exceeded\n", refused.body)
      assert.equal("7", refused.headers["RateLimit-Limit"])
      assert.equal("0", refused.headers["RateLimit-Remaining"])
      local wait = tonumber(refused.headers["Retry-After"])
      assert.is_true(wait > 3600 and wait <= 2 * 86400, wait)
    end)
  end

  it("takes of several windows or of none, and tells of the tightest", function()
    local g = gate.proxy(gate.upstream(), {
      rateLimit = { limits = { "3/24h", "5/30d" }, algorithm = "fixed_window" },
    })
    local first = g:get("/")
    assert.equal("3", first.headers["RateLimit-Limit"])
    assert.equal("2", first.headers["RateLimit-Remaining"])
    assert.equal("86400", first.headers["RateLimit-Reset"])
    assert.equal(2, passing(g, 10))
  end)

  it("tells the second at which all of a log is back", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = { limit = 1, window = "10h", algorithm = "sliding_log" } })
    assert.equal("36000", g:get("/").headers["RateLimit-Reset"])
  end)

  it("can refuse nothing, and tell what it would have refused", function()
    local g = gate.proxy(gate.upstream(), { rateLimit = { limit = 1, window = "24h", burstSize = 1, dryRun = true } })
    assert.is_nil(g:get("/").headers["X-RateLimit-Dry-Run"])
    local second = g:get("/")
    assert.equal(200, second.status)
    assert.equal("refused", second.headers["X-RateLimit-Dry-Run"])
    assert.is_nil(second.headers["Retry-After"])
    assert.truthy(g:cli("metrics", "--control", g.control).out:find("\nlunette_limited_dry_total 1\n", 1, true))
  end)

  it("answers with a status and words of yours, and can keep its figures to itself", function()
    local g = gate.proxy(gate.upstream(), {
      rateLimit = { limit = 1, window = "24h", burstSize = 1, headers = false, status = 503,
        message = "Later, please" },
    })
    local ok = g:get("/")
    assert.equal(200, ok.status)
    assert.is_nil(ok.headers["RateLimit-Limit"])
    local refused = g:get("/")
    assert.equal(503, refused.status)
    assert.equal("Later, please\n", refused.body)
    assert.is_nil(refused.headers["RateLimit-Limit"])
    assert.is_string(refused.headers["Retry-After"])
  end)

  it("leaves what a service says of its own limit", function()
    local g = gate.proxy(gate.upstream(function() return 200, "x", { ["RateLimit-Limit"] = "77" } end), {
      rateLimit = { limit = 9, window = "24h" },
    })
    local r = g:get("/")
    assert.equal("77", r.headers["RateLimit-Limit"])
    assert.is_nil(r.headers["RateLimit-Remaining"])
  end)

  it("says what cannot be counted here", function()
    local d = gate.files { rateLimit = { limit = 5000, window = "1s", algorithm = "sliding_log" } }
    local out = gate.run("check", "-c", d:join("gateway.yaml"))
    assert.not_equal(0, out.code)
    assert.truthy(out.err:find("rateLimit: sliding_log counts at most 4000 in this gateway's memory", 1, true), out.err)
  end)
end)
