-- SPDX-License-Identifier: Apache-2.0
-- lunette check on routes and plugins: file and line of every mistake.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local SERVICES = { { name = "main", instances = { "http://127.0.0.1:1" } } }

local PLUGIN = [[
local p = plugin "mine" { version = "1.0.0", api = 1, schema = {
  size = t.integer { required = true, min = 1 },
} }
function p:init() if self.conf.size == 13 then return nil, "thirteen is bad luck" end end
function p:request() end
return p
]]


local function check(routes, plugins)
  local d = gate.files { services = SERVICES, routes = routes, plugins = plugins or { mine = PLUGIN } }
  local r = gate.run("check", "-c", d:join("gateway.yaml"))
  return r.code, r.out .. r.err
end


describe("lunette check", function()
  after_each(gate.cleanup)

  local cases = {
    { "a syntax error", 'get "/x" {\n  to = = 1\n}', "routes.lua:2:" },
    { "a name that does not exist", '\nfrobnicate()', "routes.lua:2:", "frobnicate" },
    { "a global assignment", 'x = 1', "routes.lua:1:", "x" },
    { "an unknown service", 'get "/x" { to = service "mian" }', "routes.lua:1:", "mian", "main" },
    { "an unknown plugin", 'get "/x" { to = service "main", use "mien" {} }', "routes.lua:1:", "mien", "mine" },
    { "an unknown option", '\n\nget "/x" { too = service "main" }', "routes.lua:3:", "too", "to" },
    { "a route that goes nowhere", 'get "/x" {}', "routes.lua:1:" },
    { "an unknown setting", 'get "/x" { to = service "main", use "mine" { size = 1, sise = 2 } }',
      "routes.lua:1:", "sise", "size" },
    { "a setting of the wrong type", 'get "/x" { to = service "main", use "mine" { size = "ten" } }',
      "size", "ten" },
    { "a setting that is missing", 'get "/x" { to = service "main", use "mine" {} }', "size", "required" },
    { "an init that refuses", '\nget "/x" { to = service "main", use "mine" { size = 13 } }',
      "routes.lua:2:", "thirteen is bad luck" },
    { "two equal routes, naming both", 'get "/x" { reply = { 200 } }\nget "/x" { reply = { 201 } }',
      "routes.lua:1", "routes.lua:2" },
    { "a variable that is not set", 'env("E2E_NOT_SET")', "routes.lua:1:", "E2E_NOT_SET" },
    { "a file to include that is not there", 'include "gone.lua"', "gone.lua" },
  }
  for _, case in ipairs(cases) do
    it("finds " .. case[1], function()
      local code, text = check(case[2])
      assert.equal(1, code, text)
      for i = 3, #case do assert.matches(case[i], text, 1, true) end
    end)
  end

  local plugins = {
    { "a misspelt handler", 'local p = plugin "mine" { version = "1", api = 1, schema = {} }\n'
      .. "function p:requst() end\nreturn p", "mine.lua:2", "requst", "request" },
    { "a syntax error", "local p =\n=", "mine.lua:2" },
    { "another version of the API", 'return plugin "mine" { version = "1", api = 99, schema = {} }', "99" },
    { "a failure while it loads", '\nerror("on load")', "mine.lua:2", "on load" },
    { "a global", "x = 1", "mine.lua:1", "x" },
    { "a reach for io", 'io.open("/etc/passwd")', "mine.lua:1", "io" },
    { "a file that returns something else", "return 1", "mine" },
  }
  for _, case in ipairs(plugins) do
    it("finds in a plugin " .. case[1], function()
      local code, text = check('get "/x" { to = service "main", use "mine" {} }', { mine = case[2] })
      assert.equal(1, code, text)
      for i = 3, #case do assert.matches(case[i], text, 1, true) end
    end)
  end

  it("reports mistakes of YAML and Lua together", function()
    local d = gate.files { services = SERVICES, gateway = { timeuot = 1 }, routes = "frobnicate()" }
    local r = gate.run("check", "-c", d:join("gateway.yaml"))
    assert.equal(1, r.code)
    assert.matches("timeuot", r.out .. r.err, 1, true)
    assert.matches("frobnicate", r.out .. r.err, 1, true)
  end)

  it("warns of what has no effect, and is content", function()
    local routes = 'get "/x" { to = service "main" }\nget "/a/../b" { to = service "main" }\n'
    local code, text = check(routes .. 'use "client-id" {}')
    assert.equal(0, code, text)
    assert.matches("routes.lua:2: warning: route GET /a/../b: never matches", text, 1, true)
    assert.matches('routes.lua:3: warning: use "client-id": no route follows it', text, 1, true)
    assert.matches("configuration ok: 2 routes, 1 service, 2 warnings", text, 1, true)
  end)

  it("finds two mistakes in two routes", function()
    local _, text = check 'get "/x" { too = 1 }\nget "/y" { toe = 1 }'
    assert.matches("routes.lua:1:", text, 1, true)
    assert.matches("routes.lua:2:", text, 1, true)
  end)
end)
