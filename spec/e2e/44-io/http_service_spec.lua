-- SPDX-License-Identifier: Apache-2.0
-- http.* with service =: what the service says of repeating and waiting holds for requests of plugins, too.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local ROUTES = [[
local main = service "main"
local function ask(method, path, timeout)
  local r, why = http.request { service = main, method = method, path = path, timeout = timeout or "20s" }
  return 200, r and ("%d %s"):format(r.status, r.body) or why
end
get "/get/*" { function(req) return ask("GET", "/" .. req.params.rest) end }
get "/post/*" { function(req) return ask("POST", "/" .. req.params.rest) end }
get "/short/*" { function(req) return ask("GET", "/" .. req.params.rest, "150ms") end }
]]


describe("http through a service", function()
  after_each(gate.cleanup)

  local function start(instances, settings)
    settings.name, settings.instances, settings.breaker = "main", instances, "off"
    return gate.start { workers = 1, services = { settings }, routes = ROUTES }
  end

  it("repeats a status elsewhere, and gives the last one when none is left", function()
    local status = 200
    local busy = gate.upstream(function() return 503, "busy" end)
    local good = gate.upstream(function() return status, "good" end)
    local g = start({ busy, good }, { retries = { tries = 2, statuses = { 503 }, backoff = { base = 0 } } })
    for _ = 1, 6 do assert.equal("200 good", g:get("/get/x").body) end
    local posts = {}
    for _ = 1, 4 do posts[g:get("/post/x").body] = true end
    assert.same({ ["200 good"] = true, ["503 busy"] = true }, posts)
    status = 503
    assert.matches("^503 ", g:get("/get/x").body)
  end)

  it("stays within the budget of the service", function()
    local up = gate.upstream(function() return 503, "busy" end)
    local g = start({ up }, { retries = { tries = 3, statuses = { 503 }, backoff = { base = 0 }, budget = 0 } })
    for _ = 1, 60 do assert.equal("503 busy", g:get("/get/x").body) end
    local out = g:cli("metrics", "--control", g.control).out
    local retries = tonumber(out:match('\nlunette_service_retries_total{service="main"} (%d+)'))
    assert.equal(#up.requests - 60, retries)
    assert.is_true(tonumber(out:match('\nlunette_service_retries_refused_total{service="main"} (%d+)')) > 0)
  end)

  it("waits where every instance is full, within its own time", function()
    local hold = gate.gate("the reply")
    local up = gate.upstream(function(request)
      if request.path == "/held" then hold:wait() end
      return 200, "ok"
    end)
    local g = start({ { url = up, maxConnections = 1 } }, { queue = { max = 1, timeout = "30s" } })
    local first = gate.client(g):send(gate.http.request("GET", "/get/held"))
    up:wait_requests(1)
    assert.matches("timed out after 150 ms, waiting for an instance that is not full", g:get("/short/x").body)
    local second = gate.client(g):send(gate.http.request("GET", "/get/x"))
    gate.eventually(function()
      return g:cli("metrics", "--control", g.control).out:find('queue_length{service="main"} 1\n', 1, true)
    end, "the second in the queue")
    assert.equal("every instance of main is full, and so is its queue", g:get("/get/x").body)
    hold:open()
    assert.equal("200 ok", first:read().body)
    assert.equal("200 ok", second:read().body)
    assert.equal("200 ok", g:get("/get/x").body)
  end)
end)
