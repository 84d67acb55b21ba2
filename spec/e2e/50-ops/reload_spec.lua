-- SPDX-License-Identifier: Apache-2.0
-- Reload: all or nothing, no connection closed, running requests finish on the code they began with.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function plugin(version)
  return ([[
local p = plugin "version" { version = "1.0.0", api = 1, schema = {} }
function p:request(req)
  if req.path == "/wait" then sleep(1) end
end
function p:response(req, res) res.headers["X-Version"] = "%s" end
return p
]]):format(version)
end


local function start(options)
  local up = gate.upstream(options and options.handler)
  local g = gate.start {
    services = { { name = "main", instances = { up } } },
    plugins = { version = plugin "one" }, watch = options and options.watch,
    routes = 'any "/*" { to = service "main", use "version" {} }',
    expect = options and options.expect, workers = options and options.workers,
  }
  return g, up
end


describe("a reload", function()
  after_each(gate.cleanup)

  it("takes new plugin code, and says so by exit code 0", function()
    local g = start()
    assert.equal("one", g:get("/").headers["X-Version"])
    g.dir:write("plugins/version.lua", plugin "two")
    local r = g:reload()
    assert.equal(0, r.code, r.err)
    assert.equal("two", g:get("/").headers["X-Version"])
  end)

  it("takes new routes and services", function()
    local g = start()
    local other = gate.upstream { name = "other" }
    g.dir:write("routes.lua", ('local o = service "o" { instances = { %q } } get "/new" { to = o }'):format(other.url))
    assert.equal(0, g:reload().code)
    assert.equal("other", g:get("/new").body)
    assert.equal(404, g:get("/old").status)
  end)

  it("closes no client's connection", function()
    local g = start()
    local clients = {}
    for i = 1, 10 do
      clients[i] = gate.client(g)
      assert.equal("one", clients[i]:get("/").headers["X-Version"])
    end
    g.dir:write("plugins/version.lua", plugin "two")
    assert.equal(0, g:reload().code)
    for _, c in ipairs(clients) do assert.equal("two", c:get("/").headers["X-Version"]) end
  end)

  it("lets a running request finish on the old code", function()
    local g = start()
    local c = gate.client(g):send(gate.http.request("GET", "/wait"))
    gate.pause(0.1)
    g.dir:write("plugins/version.lua", plugin "two")
    assert.equal(0, g:reload().code)
    assert.equal("two", g:get("/").headers["X-Version"])
    assert.equal("one", c:read().headers["X-Version"])
    assert.equal("two", c:get("/").headers["X-Version"])
  end)

  it("lets an upstream's slow answer finish, whatever became of the service", function()
    local open = gate.gate("the answer")
    local g, up = start { handler = function()
      open:wait()
      return 200, "slow"
    end }
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    up:wait_requests(1)
    g.dir:write("routes.lua", 'get "/new" { reply = { 200, "new" } }')
    assert.equal(0, g:reload().code)
    assert.equal(200, g:get("/new").status)
    open:open()
    local r = c:read()
    assert.equal("slow", r.body)
    assert.equal("one", r.headers["X-Version"])
    assert.equal(404, c:get("/").status)
  end)

  it("is the same in every worker from the moment that it is reported", function()
    local g = start { workers = 3 }
    for i = 1, 5 do
      g.dir:write("plugins/version.lua", plugin("v" .. i))
      assert.equal(0, g:reload().code)
      for _ = 1, 12 do assert.equal("v" .. i, g:get("/").headers["X-Version"]) end
    end
  end)

  it("costs no request under load", function()
    local g = start { workers = 2 }
    local stop, served = false, 0
    local tasks = {}
    for i = 1, 8 do
      tasks[i] = gate.go("client", function()
        local c = gate.client(g)
        while not stop do
          assert.equal(200, c:get("/").status)
          served = served + 1
        end
      end)
    end
    for i = 1, 5 do
      g.dir:write("plugins/version.lua", plugin("v" .. i))
      assert.equal(0, g:reload().code)
    end
    stop = true
    for _, task in ipairs(tasks) do task:join() end
    assert.is_true(served > 50)
  end)

  it("by HUP is the same", function()
    local g = start()
    g.dir:write("plugins/version.lua", plugin "two")
    g:signal(gate.process.HUP)
    gate.eventually(function() return g:get("/").headers["X-Version"] == "two" end, "the new code")
  end)

  it("takes a new limit of gateway.yaml", function()
    local up = gate.upstream()
    local g = gate.proxy(up)
    local yaml = g.dir:read("gateway.yaml")
    g.dir:write("gateway.yaml", (yaml:gsub('"gateway": {', '%0"limits": {"body": 3}, ')))
    assert.equal(0, g:reload().code)
    assert.equal(413, g:post("/", "four").status)
  end)

  it("happens often without growing", function()
    local g = start()
    for _ = 1, 10 do assert.equal(0, g:reload().code) end
    local before = g:memory()
    for _ = 1, 30 do assert.equal(0, g:reload().code) end
    assert.is_true(g:memory() - before < 4 * 1048576 * gate.slow, "grew by " .. g:memory() - before)
    assert.equal(200, g:get("/").status)
  end)
end)
