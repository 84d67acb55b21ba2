-- SPDX-License-Identifier: Apache-2.0
-- Several uses of rate-limit on one request: clients are told of the tightest. Dry runs say in the log whom they let through.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("rate-limit", function()
  after_each(gate.cleanup)

  local function start(uses, gateway)
    return gate.start { gateway = gateway, routes = ([[
      service "main" { instances = { "%s" } }
      get "/" { to = service "main", %s }
    ]]):format(gate.upstream().url, uses) }
  end

  local function told(r)
    return ("%d: %s %s"):format(r.status, r.headers["RateLimit-Limit"], r.headers["RateLimit-Remaining"])
  end

  it("tells of the tightest of several uses, wherever it stands", function()
    local tight = 'use "rate-limit" { rate = "3/d", algorithm = "fixed_window" }'
    local wide = 'use "rate-limit" { rate = "100/h", algorithm = "fixed_window" }'
    for _, uses in ipairs { tight .. ", " .. wide, wide .. ", " .. tight } do
      local g = start(uses)
      for left = 2, 0, -1 do assert.equal("200: 3 " .. left, told(g:get("/"))) end
      assert.equal("429: 3 0", told(g:get("/")))
    end
  end)

  it("tells of a refusal that a dry run has not made", function()
    local g = start('use "rate-limit" { rate = "1/d", algorithm = "fixed_window", dry_run = true }, '
      .. 'use "rate-limit" { rate = "100/h", algorithm = "fixed_window" }')
    assert.equal("200: 1 0", told(g:get("/")))
    assert.equal("200: 1 0", told(g:get("/")))
  end)

  it("says whom the dry run of rateLimit has let through, and no secret", function()
    local g = gate.proxy(gate.upstream(), {
      rateLimit = { limit = 1, window = "24h", burstSize = 1, dryRun = true },
      gateway = { identity = { from = { "header:X-Api-Key", "address" } } },
    })
    for _ = 1, 2 do
      g:get("/")
      g:get("/", { headers = { ["X-Api-Key"] = "sesame" } })
    end
    g:wait_log("rateLimit: [^\n]*dry run, client 127%.0%.0%.1")
    g:wait_log("rateLimit: [^\n]*dry run, client header:X%-Api%-Key:~" .. ("%x"):rep(16))
    assert.is_nil(g:log():find("sesame", 1, true))
  end)

  it("says whom a dry run has let through, and no secret", function()
    local g = start('use "rate-limit" { rate = "1/d", burst = 1, dry_run = true }',
      { identity = { from = { "header:X-Api-Key", "address" } } })
    for _ = 1, 2 do
      g:get("/")
      g:get("/", { headers = { ["X-Api-Key"] = "sesame" } })
    end
    g:wait_log("dry run[^\n]*127%.0%.0%.1")
    g:wait_log("dry run[^\n]*header:X%-Api%-Key:~%x%x%x%x")
    assert.is_nil(g:log():find("sesame", 1, true))
  end)
end)
