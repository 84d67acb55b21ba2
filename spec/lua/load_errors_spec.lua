-- SPDX-License-Identifier: Apache-2.0
-- What is wrong with a routes file is said with file and line, all of it at once.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

describe("a mistake in a routes file", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local function errors_of(text)
    local ok, why = pcall(gate.routes, files.write("bad.lua", text))
    assert.is_false(ok)
    return tostring(why)
  end

  local USERS = 'local users = service "user-service" { instances = { "http://localhost:8081" } }\n'

  local cases = {
    { "an unknown option", USERS .. 'get "/x" { too = users }',
      'bad.lua:2: in get "/x": unknown option "too"; did you mean "to"?' },
    { "an unknown service", USERS .. 'get "/x" { to = "user-servcie" }',
      'bad.lua:2: in get "/x": no service "user-servcie"; did you mean "user-service"?' },
    { "an unknown plugin", 'use "rate-limt" { rate = "1/s" }\nget "/x" { reply = { 200 } }',
      'bad.lua:1:', 'rate-limt', 'did you mean "rate-limit"?' },
    { "an unknown setting", 'use "rate-limit" { rate = "1/s", brust = 10 }\nget "/x" { reply = { 200 } }',
      'bad.lua:1: in use "rate-limit":', 'brust: unknown setting; did you mean "burst"?' },
    { "several wrong settings", 'use "rate-limit" { rate = "fast", burst = "ten" }\nget "/x" { reply = { 200 } }',
      'burst: expected an integer from 1 to 1000000, got "ten" (string)',
      'rate: expected a rate such as "100/s" or "5000/h", got "fast" (string)' },
    { "a wrong header in edits",
      'use "headers" { request = { set = { ["bad name"] = "x" } } }\nget "/x" { reply = { 200 } }',
      'bad.lua:1: in use "headers":', 'request.set["bad name"]: expected a header name as key' },
    { "a reason of init", 'use "client-id" { from = { "cooky:a" } }\nget "/x" { reply = { 200 } }',
      "bad.lua:1:", 'from[1]: expected "header:NAME", "query:NAME" or "cookie:NAME", got "cooky:a"' },
    { "a route to nowhere", 'get "/x" {}', 'bad.lua:1: in get "/x"' },
    { "an empty place in a route", USERS .. 'get "/x" { to = users, nil, function() end }',
      'bad.lua:2: in get "/x": place 1: expected use or a function, got a nil' },
    { "a handler that no place has", USERS .. 'get "/x" { to = users, [2] = function() end }',
      'bad.lua:2: in get "/x": place 1: expected use or a function' },
    { "a place below the first", USERS .. 'get "/x" { to = users, [0] = function() end }',
      'bad.lua:2: in get "/x": places are counted from 1' },
    { "an empty place in a group", USERS .. 'group "/g" { use "gzip" {}, nil, get "/x" { to = users } }',
      'bad.lua:2: in group "/g": place 2: expected use, a function, a route or a group, got a nil' },
    { "something else in a group", USERS .. 'group "/g" { "gzip", get "/x" { to = users } }',
      'bad.lua:2: in group "/g": expected use, a function, a route or a group, got "gzip"' },
    { "a group that contains itself", 'local g = {}\ng[1] = g\ngroup "/g" (g)',
      'bad.lua:3: in group "/g": lists are nested too deeply, or contain themselves' },
    { "a path without a slash", 'get "x" { reply = { 200 } }', "bad.lua:1:" },
    { "two equal routes", 'get "/x" { reply = { 200 } }\nget "/x" { reply = { 200 } }', "bad.lua:2:", "bad.lua:1" },
    { "a syntax error", "get '/x' {\n  reply = = 1\n}", "bad.lua:2:" },
    { "an unknown word", 'gett "/x" { reply = { 200 } }', "bad.lua:1:", "gett" },
    { "a global", "users = 5", "bad.lua:1:", "users" },
    { "a Lua error", "local x = nil\nlocal y = x.z", "bad.lua:2:" },
    { "a variable that is not set", 'local x = env("LUNETTE_SPEC_NOT_SET")', "bad.lua:1:", "LUNETTE_SPEC_NOT_SET" },
    { "a missing file", 'include "none.lua"', "bad.lua:1:", "none.lua" },
    { "a service without instances", 'service "s" {}\nget "/x" { to = "s" }', "bad.lua:1:", "instances" },
    { "a status that is none", 'get "/x" { reply = { 99, "x" } }', 'bad.lua:1: in get "/x"' },
    { "a timeout that is none", USERS .. 'get "/x" { to = users, timeout = "soon" }',
      'bad.lua:2: in get "/x"', "soon" },
    { "a bad on_error", 'use "headers" { on_error = "ignore" }\nget "/x" { reply = { 200 } }',
      "bad.lua:1:", "on_error" },
  }
  for _, case in ipairs(cases) do
    it("is reported: " .. case[1], function()
      local why = errors_of(case[2])
      for i = 3, #case do assert.truthy(why:find(case[i], 1, true), why) end
    end)
  end

  it("does not hide the others", function()
    local why = errors_of('get "/x" { too = 1 }\nuse "rate-limit" { rate = "fast" }\nget "/y" { reply = { 200 } }')
    assert.truthy(why:find("bad.lua:1:", 1, true), why)
    assert.truthy(why:find("bad.lua:2:", 1, true), why)
  end)

  it("leaves nothing behind that would spoil the next load", function()
    errors_of('get "/x" { too = 1 }')
    local routes = gate.routes(files.write("good.lua", 'get "/x" { reply = { 200 } }'))
    assert.is_table(routes:match("GET /x"))
  end)

  it("in one zone with two settings names both places", function()
    local why = errors_of('use "rate-limit" { rate = "1/s", zone = "z" }\nget "/x" { reply = { 200 } }\n'
      .. 'use "rate-limit" { rate = "2/s", zone = "z" }\nget "/y" { reply = { 200 } }')
    assert.truthy(why:find("bad.lua:3", 1, true), why)
    assert.truthy(why:find("bad.lua:1", 1, true), why)
  end)
end)
