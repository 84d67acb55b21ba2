-- SPDX-License-Identifier: Apache-2.0
-- Recipes of docs/cookbook about content and load, between real sockets, with two workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local cookbook = require "spec.helpers.cookbook"


local function cook(title, shop, options)
  local recipe = cookbook.recipe(title)
  local all = { workers = 2, routes = recipe.files["routes.lua"], plugins = recipe.plugins }
  for name, value in pairs(options or {}) do all[name] = value end
  all.services = {
    { name = "shop", instances = { shop } }, { name = "shop-next", instances = { shop } },
  }
  return gate.start(all)
end


-- Sends n requests at once; gives their clients.
local function send(g, n, method, target, options)
  local clients = {}
  for i = 1, n do clients[i] = gate.client(g):send(gate.http.request(method, target, options)) end
  return clients
end


describe("the recipe", function()
  after_each(gate.cleanup)

  it("Cache responses has one cache for all workers, which a reload does not empty", function()
    local up = gate.upstream(function() return 200, ("page"):rep(1000), { ["Content-Type"] = "text/plain" } end)
    local g = cook("Cache responses", up)
    local first = g:get("/shop/page")
    assert.equal("miss", first.headers["X-Cache"])
    for i = 1, 10 do
      if i == 5 then assert.equal(0, g:reload().code) end
      local again = g:get("/shop/page")
      assert.same({ "hit", first.body, "text/plain" },
        { again.headers["X-Cache"], again.body, again.headers["Content-Type"] })
    end
    assert.equal(200, g:get("/shop/page", { headers = { Cookie = "a=b" } }).status)
    assert.equal(2, #up.requests)
  end)

  it("One asks, the others wait asks once for twenty who come together", function()
    local held = gate.gate()
    local up = gate.upstream(function(request)
      if request.path == "/reports/today" then held:wait() end
      return 200, "report"
    end)
    local g = cook("One asks, the others wait", up)
    local clients = send(g, 20, "GET", "/reports/today")
    up:wait_requests(1)
    assert.equal("report", g:get("/reports/other").body) -- nobody else waits
    held:open()
    for _, c in ipairs(clients) do assert.equal("report", c:read().body) end
    assert.equal(2, #up.requests)
  end)

  it("Idempotency keys lets one of many pass, and repeats its answer", function()
    local held, n = gate.gate(), 0
    local up = gate.upstream(function()
      held:wait()
      n = n + 1
      return 201, '{"order":' .. n .. "}", { ["Content-Type"] = "application/json" }
    end)
    local g = cook("Idempotency keys", up)
    local options = { headers = { ["Idempotency-Key"] = "k", ["X-Api-Key"] = "ann" }, body = '{"item":7}' }
    local clients = send(g, 8, "POST", "/orders", options)
    up:wait_requests(1)
    local busy, done = 0, nil
    gate.eventually(function() return g:request("POST", "/orders", options).status == 409 end, "the key to be taken")
    held:open()
    for _, c in ipairs(clients) do
      local r = c:read()
      if r.status == 409 then busy = busy + 1 else done = r.body end
    end
    assert.equal('{"order":1}', done)
    assert.is_true(busy >= 1)
    local again = g:request("POST", "/orders", options)
    assert.same({ 201, '{"order":1}', "true" }, { again.status, again.body, again.headers["Idempotent-Replayed"] })
    assert.equal(1, #up.requests)
    options.body = "{}"
    assert.equal(422, g:request("POST", "/orders", options).status)
  end)

  it("Last good answer stands in for a service that is gone", function()
    local up = gate.upstream(function() return 200, "catalogue", { ["Content-Type"] = "text/plain" } end)
    local g = cook("Last good answer", up, { expect = { "instance", "service" } })
    assert.equal("catalogue", g:get("/catalogue/all").body)
    up:go_down()
    for _ = 1, 4 do
      local r = g:get("/catalogue/all")
      assert.same({ 200, "catalogue", "true" }, { r.status, r.body, r.headers["X-Stale"] })
    end
    local r = g:get("/catalogue/never-seen")
    assert.same({ 503, "10" }, { r.status, r.headers["Retry-After"] })
    up:come_back()
    gate.eventually(function() return g:get("/catalogue/all").headers["X-Stale"] == nil end, "the service")
  end)

  it("Shed load turns away what is too much, and comes back", function()
    local held = gate.gate()
    local up = gate.upstream(function(request)
      if request.path == "/shop/slow" then held:wait() end
      return 200, "done"
    end)
    local g = cook("Shed load", up, { workers = 1 })
    local clients = send(g, 16, "GET", "/shop/slow")
    up:wait_requests(16)
    local r = g:get("/shop/")
    assert.equal(503, r.status)
    assert.truthy(r.headers["Retry-After"])
    assert.equal(200, g:get("/shop/", { headers = { ["X-Plan"] = "gold" } }).status)
    clients[1]:reset() -- who leaves makes room, too
    held:open()
    for i = 2, 16 do assert.equal(200, clients[i]:read().status) end
    for _ = 1, 20 do
      gate.eventually(function() return g:get("/shop/").status == 200 end, "room again")
    end
    assert.matches('shed_requests_total{route="ANY /shop/%*"} %d', g:cli("metrics", "--control", g.control).out)
  end)

  it("Feature flags asks in one worker, and all know", function()
    local flags = gate.upstream(function() return 200, '{"new":true,"old":false}' end)
    local up = gate.upstream(function(request) return 200, request.headers["X-Features"] or "" end)
    local routes = cookbook.recipe("Feature flags").files["routes.lua"]:gsub("http://localhost:8090", flags.url)
    local g = cook("Feature flags", up, { routes = routes })
    gate.eventually(function() return g:get("/shop/").body == "new" end, "the flags")
    for _ = 1, 8 do assert.equal("new", g:get("/shop/").body) end
    assert.equal(1, #flags.requests)
  end)
end)
