-- SPDX-License-Identifier: Apache-2.0
-- The language of routes files: what each word makes, and which route a request takes.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

describe("a routes file", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local function load(text) return gate.routes(files.write("routes.lua", text)) end

  local ANSWER = "reply = { 200, 'ok' }"

  -- The name of the route that a request takes, "none" without one.
  local function takes(text, request)
    local route = load(text):match(request)
    return route and route.path or "none"
  end

  for _, word in ipairs { "get", "post", "put", "patch", "delete", "head", "options" } do
    it("makes a route for one method with " .. word, function()
      local routes = load(('%s "/x" { %s }'):format(word, ANSWER))
      assert.equal("/x", routes:match(word:upper() .. " /x").path)
      assert.is_nil(routes:match((word == "put" and "POST" or "PUT") .. " /x"))
    end)
  end

  it("makes a route for every method with any", function()
    local routes = load(('any "/x" { %s }'):format(ANSWER))
    for _, method in ipairs { "GET", "POST", "PURGE" } do
      assert.is_table(routes:match(method .. " /x"), method)
    end
  end)

  it("gives the parameters of a path", function()
    local route, params = load(('get "/users/:id/posts/:post" { %s }'):format(ANSWER)):match("GET /users/7/posts/a%20b")
    assert.is_table(route)
    assert.equal("7", params.id)
    assert.equal("a b", params.post)
  end)

  it("gives the rest of a path", function()
    local _, params = load(('get "/files/*" { %s }'):format(ANSWER)):match("GET /files/a/b")
    assert.equal("a/b", params.rest)
  end)

  it("lets a rest be nothing at all", function()
    local text = ('get "/files/*" { %s }'):format(ANSWER)
    assert.equal("/files/*", takes(text, "GET /files"))
    assert.equal("/files/*", takes(text, "GET /files/"))
    assert.equal("none", takes(text, "GET /filesystem"))
  end)

  it("prefers an exact path to a parameter, and a parameter to the rest", function()
    local text = ([[
      get "/u/*" { %s }
      get "/u/:id" { %s }
      get "/u/me" { %s } ]]):gsub("%%s", ANSWER)
    assert.equal("/u/me", takes(text, "GET /u/me"))
    assert.equal("/u/:id", takes(text, "GET /u/7"))
    assert.equal("/u/*", takes(text, "GET /u/7/x"))
  end)

  it("does not take a parameter that is empty", function()
    assert.equal("none", takes(('get "/u/:id" { %s }'):format(ANSWER), "GET /u/"))
  end)

  it("tells hosts apart", function()
    local routes = load(([[
      get "/" { host = "a.example", name = "a", %s }
      get "/" { name = "all", %s } ]]):gsub("%%s", ANSWER))
    assert.equal("all", routes:match("GET /").name)
  end)

  it("knows file and line of every route", function()
    local route = load("\n\nget '/x' { " .. ANSWER .. " }"):match("GET /x")
    assert.equal(3, route.line)
    assert.truthy(route.file:find("routes.lua$"))
  end)

  it("names a route by method and path, or as it asks for", function()
    local routes = load(('get "/x" { %s } get "/y" { name = "why", %s }'):gsub("%%s", ANSWER))
    assert.equal("GET /x", routes:match("GET /x").name)
    assert.equal("why", routes:match("GET /y").name)
  end)

  it("runs a plugin for the route that names it", function()
    local route = load('get "/x" { use "headers" {}, ' .. ANSWER .. " }"):match("GET /x")
    assert.equal("headers", route.chain:match("^headers"))
  end)

  it("runs a plugin that stands alone for every route below it", function()
    local routes = load(([[
      get "/above" { %s }
      use "client-id" {}
      get "/below" { use "headers" {}, %s } ]]):gsub("%%s", ANSWER))
    assert.falsy(routes:match("GET /above").chain:find("client-id", 1, true))
    assert.truthy(routes:match("GET /below").chain:find("^client%-id %-> headers"))
  end)

  it("shares prefix and plugins in a group", function()
    local routes = load(([[
      group "/api" {
        use "client-id" {},
        get "/a" { use "headers" {}, %s },
        get "/b" { %s },
      }
      get "/c" { %s } ]]):gsub("%%s", ANSWER))
    assert.truthy(routes:match("GET /api/a").chain:find("^client%-id %-> headers"))
    assert.truthy(routes:match("GET /api/b").chain:find("^client%-id"))
    assert.falsy(routes:match("GET /c").chain:find("client-id", 1, true))
  end)

  it("nests groups", function()
    local routes = load(('group "/a" { group "/b" { get "/c" { %s } } }'):format(ANSWER))
    assert.equal("/a/b/c", routes:match("GET /a/b/c").path)
  end)

  it("takes the path of a group for a route at its root", function()
    local routes = load(('group "/api" { get "/" { %s } }'):format(ANSWER))
    assert.is_table(routes:match("GET /api"))
  end)

  it("shows functions in the chain", function()
    local route = load('get "/x" { use "client-id" {}, function(req) return 200 end }'):match("GET /x")
    assert.equal("client-id -> function", route.chain)
  end)

  it("declares a service and sends requests to it", function()
    local route = load([[
      local users = service "users" { instances = { "http://localhost:8081" } }
      any "/users/*" { to = users, strip = "/users" } ]]):match("GET /users/7")
    assert.equal("users", route.service)
  end)

  it("reads other files", function()
    files.write("more.lua", 'get "/more" { ' .. ANSWER .. " }")
    assert.equal("/more", takes('include "more.lua"', "GET /more"))
  end)

  it("reads the environment, or the default", function()
    local text = 'get(env("LUNETTE_SPEC_NOT_SET", "/fallback")) { ' .. ANSWER .. " }"
    assert.equal("/fallback", takes(text, "GET /fallback"))
  end)

  it("keeps the plugins of an included file and its own in the order of reading", function()
    files.write("more.lua", 'use "headers" {}\nget "/inner" { ' .. ANSWER .. " }")
    local routes = load('use "client-id" {}\ninclude "more.lua"')
    assert.truthy(routes:match("GET /inner").chain:find("^client%-id %-> headers"))
  end)
end)


describe("a route without plugins", function()
  before_each(gate.reset)
  after_each(files.clean)

  it("lets everything pass, all the way", function()
    local routes = gate.routes(files.write("routes.lua",
      'any "/x" { to = service "a" { instances = { "http://127.0.0.1:1" } } }'))
    local out = routes:request("GET /x", { headers = { A = "1" } })
    assert.is_nil(out.status)
    assert.same({ "a", "1" }, { out.req.upstream.name, out:sent().headers.A })
    local after = gate.log(gate.response(nil, out, { status = 201, chunks = { "a", "b" } }))
    assert.same({ 201, "ab" }, { after.status, after.body })
    assert.same({}, gate.balance(nil, out).hash or {})
  end)
end)


describe("the sample's routes", function()
  before_each(gate.reset)

  it("load", function()
    assert.is_table(gate.routes("conf/routes/hello.lua"):match("GET /hello/world"))
    assert.is_table(gate.routes("conf/routes/demo.lua").list[1])
  end)
end)
