-- SPDX-License-Identifier: Apache-2.0
-- Warnings about routes files: what loads, and was hardly meant.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local HEAD = 'local a = service "a" { instances = { "http://localhost:1" } }\n'

local function warnings(text)
  return gate.routes(files.write("routes.lua", HEAD .. text)).warnings
end


describe("a warning", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local cases = {
    -- what it is about, the routes file from line 2 on, the line of the warning, and what it says
    { "a use that no route follows", 'get "/x" { to = a }\nuse "client-id" {}', 3,
      'use "client-id": no route follows it' },
    { "a use at the end of a group", 'group "/g" {\n  get "/x" { to = a },\n  use "client-id" {},\n}', 4,
      'use "client-id": no route of the group follows it' },
    { "an empty group", 'group "/g" {}', 2, 'in group "/g": no route stands in it' },
    { "a service beside a reply", 'get "/x" { to = a, reply = { 200 } }', 2, "to has no effect, because reply" },
    { "a timeout beside a reply", 'get "/x" { timeout = "1s", reply = { 200 } }', 2, "timeout has no effect" },
    { "strip before a parameter", 'get "/:id" { to = a, strip = true }', 2,
      "strip has no effect, because nothing stands before the first parameter" },
    { "strip of nothing", 'get "/x" { to = a, strip = "/" }', 2,
      'strip has no effect, because "/" is nothing to take off' },
    { "two routes of one name", 'get "/x" { name = "n", to = a }\nget "/y" { name = "n", to = a }', 3,
      "the name \"n\" is also" },
    { "a split that nobody goes to", 'local s = split { { a, 1 } }', 2, "split: no route goes to it" },
    { "a path in another form", 'get "/a/../b" { to = a }', 2, 'never matches, because such a path is taken as "/b"' },
    { "escapes in another form", 'get "/caf%c3%a9" { to = a }', 2, 'is taken as "/caf%C3%A9"' },
    { "letters that have to be escaped", 'get "/café" { to = a }', 2, "no request has such a path" },
    { "conditions that exclude each other",
      'group "/g" {\n  when = { header = { A = "1" } },\n  get "/x" { when = { header = { A = "2" } }, to = a },\n}', 4,
      'its conditions exclude each other: header A is "1", and header A is "2"' },
    { "a share of everybody", 'get "/x" { to = a, when = { share = 100 } }\nget "/x" { to = a }', 3,
      "never matches, because GET /x at " },
    { "a wide condition under a sure one",
      'get "/x" { to = a, when = { share = 100, header = { A = true } } }\n'
      .. 'get "/x" { to = a, when = { header = { A = "1" } } }',
      3, "never matches" },
  }
  for _, case in ipairs(cases) do
    it("is given for " .. case[1], function()
      local text = warnings(case[2])
      assert.truthy(text:find(("routes.lua:%d: warning: "):format(case[3]), 1, true), text)
      assert.truthy(text:find(case[4], 1, true), text)
      assert.is_nil(text:find("\n.*\n"), text) -- one, and nothing else
    end)
  end

  local good = {
    { "a use above, in and below groups",
      'use "client-id" {}\ngroup "/g" { use "headers" {}, group "/h" { get "/x" { to = a } } }' },
    { "a use that stands before an include in a group", 'group "/g" { use "client-id" {}, include "more.lua" }' },
    { "a service of the group beside a reply",
      'group "/g" { to = a, timeout = "1s", get "/x" { reply = { 200 } }, get "/y" {} }' },
    { "the same path with other conditions",
      'get "/x" { to = a, when = { header = { A = "1" } } }\n'
      .. 'get "/x" { to = a, when = { share = 10 , header = { A = true } } }\nget "/x" { to = a }' },
    { "hosts, methods and prefixes side by side",
      'any "/*" { to = a }\nany "/*" { to = a, host = "*.example" }\n'
      .. 'any "/*" { to = a, host = "b.example" }\nget "/*" { to = a }' },
    { "paths with all that they may have", "get \"/a-b_c.d~e!f$g&h'i(j)k+m,n;o=p@q/:r/%20\" { to = a }" },
  }
  for _, case in ipairs(good) do
    it("is not given for " .. case[1], function()
      files.write("more.lua", 'get "/m" { to = "a" }')
      assert.equal("", warnings(case[2]))
    end)
  end
end)


describe("a reply", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local cases = {
    { "200", "expected { status, body, headers }" },
    { "{ 99 }", "a status from 200 to 599" },
    { "{ 200, function() end }", "expected a string or a table as body" },
    { "{ 200, 'x', 'y' }", "expected a table of headers in third place" },
    { "{ 200, 'x', { ['a b'] = 'y' } }", '"a b" is no header name' },
    { "{ 200, 'x', { 'y' } }", "is no header name" },
    { "{ 200, 'x', { A = 'y\\n' } }", "header A: expected a text" },
    { "{ 200, 'x', { A = { 'y', true } } }", "header A: expected a text" },
    { "{ 200, headers = {} }", 'unexpected "headers"' },
  }
  for _, case in ipairs(cases) do
    it("cannot be " .. case[1], function()
      local ok, why = pcall(warnings, 'get "/x" { reply = ' .. case[1] .. " }")
      assert.is_false(ok)
      assert.truthy(why:find('routes.lua:2: in get "/x": reply: ', 1, true), why)
      assert.truthy(why:find(case[2], 1, true), why)
    end)
  end

  it("can have several headers of one name, and numbers", function()
    local text = 'get "/x" { reply = { 204, nil, { A = { "1", "2" }, B = 3 } } }'
    local routes = gate.routes(files.write("routes.lua", text))
    local out = routes:request("GET /x")
    assert.equal(204, out.status)
    assert.equal("3", out.headers.B)
    local n = 0
    for _, pair in ipairs(out.all) do n = n + (pair[1] == "A" and 1 or 0) end
    assert.equal(2, n)
  end)
end)
