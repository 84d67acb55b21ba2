-- SPDX-License-Identifier: Apache-2.0
-- gate.start and gate.upstream in a user's project, which has plugins, routes, specs and the binary and nothing else.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local gateway = require "spec.support.gateway"
local process = gate.process

local PLUGIN = [[
local p = plugin "who" { version = "1.0.0", api = 1, schema = {} }

function p:request(req)
  req.headers["X-Client-Id"] = req.headers["X-Api-Key"]
end

function p:response(req, res)
  res.headers["X-Seen"] = "yes"
  log.info("seen", { path = req.path })
end

return p
]]

local ROUTES = [[
get "/api/users/:id" { to = service "user-service", use "who" {} }
post "/api/users" { to = service "user-service", use "who" {} }
]]

-- As in the design of the Lua API.
local SPEC = [[
local gate = require "lunette.spec"

describe("the whole gateway", function()
  local up, g
  setup(function()
    up = gate.upstream(function(req)
      if req.method == "POST" then return 201, { got = req:json().name } end
      return 200, { id = req.headers["X-Client-Id"] }
    end)
    g = gate.start { routes = "routes.lua", services = { ["user-service"] = up } }
  end)
  teardown(function() g:stop() up:stop() end)

  it("tells the service who is calling", function()
    local r = g:get("/api/users/7", { headers = { ["X-Api-Key"] = "k1" } })
    assert.equal(200, r.status)
    assert.equal("yes", r.headers["X-Seen"])
    assert.same({ id = "k1" }, r:json())
  end)

  it("sends content", function()
    local r = g:post("/api/users", '{"name":"ann"}')
    assert.equal(201, r.status)
    assert.same({ got = "ann" }, r:json())
  end)

  it("logs", function()
    assert.matches("seen", g:log(), 1, true)
    assert.matches("/api/users/7", g:log(), 1, true)
  end)

  it("takes what is on disk", function()
    assert.equal(0, g:reload().code)
    assert.equal(200, g:get("/api/users/7").status)
  end)

  it("stands beside specs without sockets", function()
    gate.reset()
    assert.is_nil(gate.request(gate.plugin("who")).status)
    assert.equal(404, g:get("/nowhere").status)
  end)
end)
]]

local SECOND = [[
local gate = require "lunette.spec"
local json = require "spec.support.json" -- the project's own

describe("a gateway from texts", function()
  after_each(gate.cleanup)

  it("starts with plugins that the spec has written", function()
    local g = gate.start {
      routes = 'get "/" { use "mine" {}, function() return 200, { route = true } end }',
      plugins = { mine = 'local p = plugin "mine" { version = "1.0.0", api = 1 }\n'
        .. 'function p:response(req, res) res.headers["X-Mine"] = "1" end\nreturn p\n' },
    }
    local r = g:get("/")
    assert.equal("1", r.headers["X-Mine"])
    assert.same({ route = true }, r:json())
    assert.equal("own", json)
  end)

  it("says what is wrong with a configuration", function()
    local ok, why = pcall(gate.start, { routes = 'get "/" { to = service "nobody" }' })
    assert.is_false(ok)
    assert.matches('no service "nobody"', tostring(why), 1, true)
    ok, why = pcall(gate.start, { routes = "nothing.lua" })
    assert.is_false(ok)
    assert.matches("gate.start: routes: there is no nothing.lua", tostring(why), 1, true)
  end)

  it("runs a configuration of the project", function()
    local up = gate.upstream { name = "plain" }
    local file = io.open("own.yaml", "w")
    file:write('gateway: { port: "127.0.0.1:0", workers: 1 }\n',
      'services: [ { name: user-service, path: /x, instances: [ "${UP}" ] } ]\n')
    file:close()
    local g = gate.start { config = "own.yaml", env = { UP = up.url } }
    assert.equal("plain", g:get("/x").body)
  end)
end)
]]


describe("gate.start in a user's project", function()
  after_each(gate.cleanup)

  it("runs the installed binary, with the project's files", function()
    local d = gate.dir()
    d:write("plugins/who.lua", PLUGIN)
    d:write("routes.lua", ROUTES)
    d:write("spec/whole_spec.lua", SPEC)
    d:write("spec/second_spec.lua", SECOND)
    d:write("spec/support/json.lua", 'return "own"\n')
    local r = process.run(gateway.binary(), { "test" }, { cwd = d.path, env = { LUNETTE_BIN = false } })
    assert.equal(0, r.code, r.out .. r.err)
    assert.matches("8 successes", r.out, 1, true)
  end)
end)
