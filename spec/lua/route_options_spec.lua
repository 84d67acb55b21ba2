-- SPDX-License-Identifier: Apache-2.0
-- The options of routes and groups, and running a request through a whole routes file.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local USERS = 'local users = service "users" { instances = { "http://localhost:8081" } }\n'


describe("a route", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local function load(text) return gate.routes(files.write("routes.lua", USERS .. text)) end

  it("takes off the prefix that it is told to", function()
    assert.equal("/api", load('any "/api/*" { to = users, strip = "/api" }'):match("GET /api/x").strip)
  end)

  it("takes off all before the first parameter with true", function()
    assert.equal("/api/v1", load('any "/api/v1/:id" { to = users, strip = true }'):match("GET /api/v1/7").strip)
  end)

  it("refuses to take off what is not there", function()
    local ok, why = pcall(load, 'any "/api/*" { to = users, strip = "/app" }')
    assert.is_false(ok)
    assert.truthy(why:find('routes.lua:2: in any "/api/*": strip: "/app" is no prefix', 1, true), why)
  end)

  it("has a timeout of its own", function()
    assert.equal(1500, load('get "/x" { to = users, timeout = "1500ms" }'):match("GET /x").timeout_ms)
  end)

  it("counts retries, or tries", function()
    assert.equal(3, load('get "/x" { to = users, retries = 2 }'):match("GET /x").tries)
    assert.equal(2, load('get "/x" { to = users, tries = 2 }'):match("GET /x").tries)
  end)

  it("wants one way of counting", function()
    local ok, why = pcall(load, 'get "/x" { to = users, tries = 2, retries = 1 }')
    assert.is_false(ok)
    assert.truthy(why:find("only one of them", 1, true), why)
  end)

  it("is idempotent, not, or by a header", function()
    for _, written in ipairs { "true", "false", '"Idempotency-Key"' } do
      load(('post "/x" { to = users, idempotent = %s }'):format(written))
    end
    for _, written in ipairs { "1", '"a b"', '""' } do
      local ok, why = pcall(load, ('post "/x" { to = users, idempotent = %s }'):format(written))
      assert.is_false(ok)
      assert.truthy(why:find("idempotent: expected true, false or the name of a header", 1, true), why)
    end
  end)

  it("has a priority, its own, its group's, or none", function()
    local routes = load([[
      group "/api" {
        to = users, priority = "low",
        get "/a" {},
        get "/b" { priority = "high" },
      }
      get "/c" { to = users } ]])
    assert.equal("low", routes:match("GET /api/a").priority)
    assert.equal("high", routes:match("GET /api/b").priority)
    assert.is_nil(routes:match("GET /c").priority)
    for written, shown in pairs { ['"hihg"'] = '"hihg" (string); did you mean "high"?', ["3"] = "3" } do
      local ok, why = pcall(load, ('get "/x" { to = users, priority = %s }'):format(written))
      assert.is_false(ok)
      assert.truthy(why:find("priority: expected low, normal or high, got " .. shown, 1, true), why)
    end
  end)

  it("goes to a service by name", function()
    assert.equal("users", load('get "/x" { to = "users" }'):match("GET /x").service)
  end)

  it("has the options of its group, unless it has its own", function()
    local routes = load([[
      group "/api" {
        to = users, timeout = "5s",
        get "/a" {},
        get "/b" { timeout = "1s" },
      } ]])
    assert.equal("users", routes:match("GET /api/a").service)
    assert.equal(5000, routes:match("GET /api/a").timeout_ms)
    assert.equal(1000, routes:match("GET /api/b").timeout_ms)
  end)

  it("can be for several hosts", function()
    local routes = load([[
      get "/" { host = { "a.example", "b.example" }, name = "ab", reply = { 200 } }
      get "/" { host = "*.c.example", name = "c", reply = { 200 } } ]])
    assert.equal("ab", routes:match("GET http://a.example/").name)
    assert.equal("ab", routes:match("GET http://b.example/").name)
    assert.equal("c", routes:match("GET http://x.c.example/").name)
    assert.is_nil(routes:match("GET http://d.example/"))
  end)

  it("knows only listeners that there are", function()
    local ok, why = pcall(gate.routes, {
      yaml = 'gateway: { listeners: [ { name: main, listen: "127.0.0.1:0" } ] }\n',
      routes = files.write("routes.lua", 'get "/" { listener = "mian", reply = { 200 } }'),
    })
    assert.is_false(ok)
    assert.truthy(why:find('no listener "mian"', 1, true), why)
  end)
end)


describe("a request to a routes file", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local function load(text) return gate.routes(files.write("routes.lua", text)) end

  it("is answered by a reply", function()
    local out = load('get "/x" { reply = { 201, { ok = true }, { ["X-A"] = "b" } } }'):request("GET /x")
    assert.equal(201, out.status)
    assert.same({ ok = true }, out:json())
    assert.equal("b", out.headers["X-A"])
  end)

  it("is answered by a function, which sees the parameters", function()
    local out = load('get "/hello/:name" { function(req) return 200, req.params.name end }'):request("GET /hello/ada")
    assert.equal("ada", out.body)
  end)

  it("passes the plugins in front", function()
    local routes = load('get "/x" { use "rate-limit" { rate = "1/h", burst = 1 }, reply = { 200, "ok" } }')
    assert.equal(200, routes:request("GET /x").status)
    assert.equal(429, routes:request("GET /x").status)
    assert.equal(200, routes:request("GET /x", { ip = "10.0.0.2" }).status)
  end)

  it("passes a plugin only when its condition holds", function()
    local routes = load([[
      get "/x" {
        use "rate-limit" { rate = "1/h", burst = 1, when = function(req) return req.args.free == nil end },
        reply = { 200, "ok" },
      } ]])
    routes:request("GET /x")
    assert.equal(429, routes:request("GET /x").status)
    assert.equal(200, routes:request("GET /x?free=1").status)
  end)

  it("fails where a condition raises", function()
    local routes = load('get "/x" { use "headers" { when = function(req) return req.nothing end }, reply = { 200 } }')
    assert.equal(500, routes:request("GET /x").status)
  end)

  it("is none when no route takes it", function()
    assert.is_nil(load('get "/x" { reply = { 200 } }'):request("GET /y"))
  end)

  it("finds the sample's greeting", function()
    local out = gate.routes("conf/routes/hello.lua"):request("GET /hello/ada", { ip = "192.0.2.1" })
    assert.same({ hello = "ada", you = "192.0.2.1" }, out:json())
  end)
end)
