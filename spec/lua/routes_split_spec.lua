-- SPDX-License-Identifier: Apache-2.0
-- split: shares of requests by weight, in turns or sticky.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local HEAD = 'local a = service "a" { instances = { "http://localhost:1" } }\n'
  .. 'local b = service "b" { instances = { "http://localhost:2" } }\n'

local function load(text) return gate.routes(files.write("routes.lua", HEAD .. text)) end


local function fault(text)
  local ok, why = pcall(load, text)
  assert.is_false(ok, "it was accepted")
  return why
end


describe("split", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local function count(routes, n, request, options)
    local seen = { a = 0, b = 0 }
    for i = 1, n do
      local service = routes:match(request or "GET /x", options and options(i)).service
      seen[service] = seen[service] + 1
    end
    return seen
  end

  it("is exact over any hundred requests, in turns", function()
    local routes = load 'get "/x" { to = split { { a, 90 }, { b, 10 } } }'
    for _ = 1, 3 do assert.same({ a = 90, b = 10 }, count(routes, 100)) end
    assert.same({ a = 9, b = 1 }, count(routes, 10))
  end)

  it("shares one count among its routes, hosts and groups", function()
    local routes = load [[
      local half = split { { a, 1 }, { b, 1 } }
      group "/g" { to = half, get "/1" {}, get "/2" { host = { "x.example", "y.example" } } } ]]
    local seen = { a = 0, b = 0 }
    for _, request in ipairs { "GET /g/1", "GET http://x.example/g/2", "GET /g/1", "GET http://y.example/g/2" } do
      local service = routes:match(request).service
      seen[service] = seen[service] + 1
    end
    assert.same({ a = 2, b = 2 }, seen)
  end)

  it("sends nothing to a weight of 0", function()
    assert.same({ a = 50, b = 0 }, count(load 'get "/x" { to = split { { a, 1 }, { b, 0 } } }', 50))
  end)

  it("takes names of services", function()
    assert.same({ a = 5, b = 5 }, count(load 'get "/x" { to = split { { "a", 1 }, { "b", 1 } } }', 10))
  end)

  it("keeps a client where it is", function()
    local routes = load 'get "/x" { to = split { { a, 50 }, { b, 50 }, by = "client" } }'
    for i = 1, 30 do
      local o = { client_id = "client " .. i }
      local first = routes:match("GET /x", o).service
      for _ = 1, 3 do assert.equal(first, routes:match("GET /x", o).service) end
    end
    local seen = count(routes, 1000, nil, function(i) return { client_id = "c" .. i } end)
    assert.is_true(seen.b > 420 and seen.b < 580, tostring(seen.b))
  end)

  it("moves no more clients than it must when weights change", function()
    local small = load 'get "/x" { to = split { { a, 90 }, { b, 10 }, by = "client" } }'
    local at = {}
    for i = 1, 200 do at[i] = small:match("GET /x", { client_id = "c" .. i }).service end
    local large = load 'get "/x" { to = split { { a, 70 }, { b, 30 }, by = "client" } }'
    for i = 1, 200 do
      if at[i] == "b" then assert.equal("b", large:match("GET /x", { client_id = "c" .. i }).service) end
    end
  end)

  for _, by in ipairs { "header:X-User", "cookie:user", "query:user" } do
    it("goes by " .. by, function()
      local routes = load(('get "/x" { to = split { { a, 50 }, { b, 50 }, by = "%s" } }'):format(by))
      local seen = {}
      for i = 1, 40 do
        local o = { headers = { ["X-User"] = "u" .. i, Cookie = "user=u" .. i }, ip = "10.0.0." .. i }
        local service = routes:match("GET /x?user=u" .. i, o).service
        o.ip = "10.9.9.9"
        assert.equal(service, routes:match("GET /x?user=u" .. i, o).service)
        seen[service] = true
      end
      assert.same({ a = true, b = true }, seen)
    end)
  end

  it("has nothing to do with where a client falls in a share", function()
    local routes = load [[
      get "/x" { when = { share = 50 }, to = split { { a, 50 }, { b, 50 }, by = "client" } }
      get "/x" { to = a } ]]
    local seen = count(routes, 400, nil, function(i) return { client_id = "c" .. i } end)
    assert.is_true(seen.b > 60 and seen.b < 140, tostring(seen.b))
  end)

  it("is decided before a handler asks, after those that change the identity", function()
    local routes = load [[
      get "/x" {
        to = split { { a, 50 }, { b, 50 }, by = "client" },
        function(req) req.client.id = req.args.id end,
        function(req) return 200, req.upstream.name end,
      } ]]
    local seen = {}
    for i = 1, 40 do
      local out = routes:request("GET /x?id=" .. i)
      assert.equal(200, out.status)
      assert.equal(out.body, routes:request("GET /x?id=" .. i).body)
      seen[out.body] = true
    end
    assert.same({ a = true, b = true }, seen)
  end)

  it("gives way to a service that a handler assigns", function()
    local routes = load [[
      get "/x" {
        to = split { { a, 1 }, { b, 1 } },
        function(req) req.upstream = "b" return 200, req.upstream.name end,
      } ]]
    for _ = 1, 4 do assert.equal("b", routes:request("GET /x").body) end
  end)

  local cases = {
    { 'split {}', "expected 1 to 64 services with weights" },
    { 'split { { a, 0 }, { b, 0 } }', "all weights are 0" },
    { 'split { { a, -1 } }', "place 1: expected a weight from 0 to 1000000, got -1 (number)" },
    { 'split { { a, 1.5 } }', "place 1: expected a weight" },
    { 'split { { a, 1 }, { "a", 2 } }', 'place 2: "a" stands there twice' },
    { 'split { { a, 1 }, { "bb", 2 } }', 'place 2: no service "bb"' },
    { 'split { a, b }', "place 1: expected { service, weight }" },
    { 'split { { a, 1 }, by = "hat" }', "by: expected" },
    { 'split { { a, 1 }, bye = "client" }', 'unknown option "bye"; did you mean "by"?' },
  }
  for _, case in ipairs(cases) do
    it("refuses " .. case[1], function()
      local why = fault('get "/x" { to = ' .. case[1] .. " }")
      assert.truthy(why:find('routes.lua:3: in get "/x": split: ', 1, true), why)
      assert.truthy(why:find(case[2], 1, true), why)
    end)
  end

  it("tells of a mistake once, however many routes go there", function()
    local why = fault 'group "/g" { to = split { { a, 0 } }, get "/1" {}, get "/2" {} }'
    local _, n = why:gsub("all weights are 0", "")
    assert.equal(1, n, why)
  end)

  it("stands where a table should", function()
    assert.truthy(fault('split "a"'):find("routes.lua:3: split: expected a table", 1, true))
  end)
end)


describe("file", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("gives the bytes of a file beside the routes", function()
    files.write("page.html", "<p>\0</p>")
    local routes = load 'get "/x" { reply = { 200, file "page.html", { ["Content-Type"] = "text/html" } } }'
    local out = routes:request("GET /x")
    assert.equal("<p>\0</p>", out.body)
    assert.equal("text/html", out.headers["Content-Type"])
  end)

  it("says where a file is missing", function()
    assert.truthy(fault('\nget "/x" { reply = { 200, file "gone.html" } }'):find("routes.lua:4: file: ", 1, true))
  end)
end)
