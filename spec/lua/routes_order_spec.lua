-- SPDX-License-Identifier: Apache-2.0
-- Which of several routes of one path is asked first, and which pairs are a mistake.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local function route(name, options)
  return ('any "/x" { name = "%s", reply = { 200 }, %s }\n'):format(name, options or "")
end


local function load(...) return gate.routes(files.write("routes.lua", table.concat({ ... }))) end


-- The same in both orders of the file.
local function both_orders(first, second, check)
  check(load(first, second))
  check(load(second, first))
end


describe("among the routes of a path", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local A, AB = { headers = { A = "1" } }, { headers = { A = "1", B = "2" } }

  it("the one with conditions is asked before the one without", function()
    both_orders(route("plain"), route("special", 'when = { header = { A = "1" } }'), function(routes)
      assert.equal("special", routes:match("GET /x", A).name)
      assert.equal("plain", routes:match("GET /x").name)
    end)
  end)

  it("more conditions come before fewer", function()
    local one = route("one", 'when = { header = { A = "1" } }')
    local two = route("two", 'when = { header = { A = "1", B = "2" } }')
    both_orders(one, two, function(routes)
      assert.equal("two", routes:match("GET /x", AB).name)
      assert.equal("one", routes:match("GET /x", A).name)
      assert.is_nil(routes:match("GET /x"))
    end)
  end)

  local narrower = {
    { "{ header = { A = { prefix = '1' } } }", "{ header = { A = '1' } }" },
    { "{ header = { A = true } }", "{ header = { A = { contains = '1' } } }" },
    { "{ header = { A = { '1', '2' } } }", "{ header = { a = '1' } }" },
    { "{ header = { A = { contains = 'x1' } } }", "{ header = { A = { prefix = 'yx1' } } }",
      { headers = { A = "yx1" } } },
    { "{ client = '10.0.0.0/8' }", "{ client = '10.0.0.0/16' }" },
    { "{ share = 100 }", "{ share = 99.999 }" },
    { "function() return true end", "{ header = { A = '1' } }" },
  }
  for _, pair in ipairs(narrower) do
    it(("%s comes before %s"):format(pair[2], pair[1]), function()
      both_orders(route("wide", "when = " .. pair[1]), route("narrow", "when = " .. pair[2]), function(routes)
        assert.equal("narrow", routes:match("GET /x", pair[3] or A).name)
      end)
    end)
  end

  it("those that exclude each other can stand together", function()
    local two = route("two", 'when = { header = { V = "2" } }')
    local three = route("three", 'when = { header = { V = "3" } }')
    both_orders(two, three, function(routes)
      assert.equal("two", routes:match("GET /x", { headers = { V = "2" } }).name)
      assert.equal("three", routes:match("GET /x", { headers = { V = "3" } }).name)
    end)
    local function pair(a, b) load(route("a", "when = " .. a), route("b", "when = " .. b)) end
    pair("{ header = { V = { prefix = 'a' } } }", "{ header = { V = { prefix = 'b' } } }")
    pair("{ header = { V = true } }", "{ header = { V = false } }")
    pair("{ client = '10.0.0.0/8' }", "{ client = '11.0.0.0/8' }")
  end)

  it("functions are asked in the order of reading", function()
    local first = route("first", "when = function(req) return req.args.a end")
    local routes = load(first, route("second", "when = function() return true end"))
    assert.equal("first", routes:match("GET /x?a=1").name)
    assert.equal("second", routes:match("GET /x").name)
  end)

  it("host, listener and method come before conditions", function()
    local condition = route("condition", 'when = { header = { A = "1" } }')
    both_orders(route("host", 'host = "a.example"'), condition, function(routes)
      assert.equal("host", routes:match("GET http://a.example/x", A).name)
    end)
    both_orders('get "/x" { name = "get", reply = { 200 } }\n', condition, function(routes)
      assert.equal("get", routes:match("GET /x", A).name)
      assert.equal("condition", routes:match("PUT /x", A).name)
    end)
  end)

  it("a path that is more specific comes before conditions", function()
    local rest = 'get "/*" { name = "rest", when = { header = { A = "1" } }, reply = { 200 } }\n'
    local routes = load(rest, route("exact"))
    assert.equal("exact", routes:match("GET /x", A).name)
  end)

  it("one that objects gives way to a less specific path", function()
    local param = 'any "/:p" { name = "param", reply = { 200 } }\n'
    local routes = load(route("exact", 'when = { header = { A = "1" } }'), param)
    assert.equal("param", routes:match("GET /x").name)
    assert.equal("x", (select(2, routes:match("GET /x"))).p)
  end)

  it("two of many hosts do not mix", function()
    local text = {}
    for i = 1, 40 do text[i] = route("h" .. i, ('host = "h%d.example"'):format(i)) end
    text[41] = route("wild", 'host = "*.example"')
    text[42] = route("any")
    local routes = load(table.concat(text))
    assert.equal("h17", routes:match("GET http://H17.example/x").name)
    assert.equal("wild", routes:match("GET http://h41.example/x").name)
    assert.equal("any", routes:match("GET http://h1.example.org/x").name)
  end)

  local clashes = {
    { "{ header = { A = '1' } }", "{ header = { a = '1' } }", "the same requests are taken by" },
    { "{ header = { A = '1' } }", "{ header = { B = '1' } }", "some of its requests fit" },
    { "{ header = { A = { '1', '2' } } }", "{ header = { A = { '2', '3' } } }", "some of its requests fit" },
    { "{ client = { '10.0.0.0/8', '11.0.0.0/8' } }", "{ client = { '11.0.0.0/8', '12.0.0.0/8' } }",
      "some of its requests fit" },
    { "{ share = 10 }", "{ share = { 10, seed = 'x' } }", "some of its requests fit" },
    { "{ header = { A = { prefix = 'a' } } }", "{ header = { A = { suffix = 'a' } } }", "some of its requests fit" },
  }
  for _, pair in ipairs(clashes) do
    it(("%s beside %s is an error that names both"):format(pair[1], pair[2]), function()
      for _, order in ipairs { { 1, 2 }, { 2, 1 } } do
        local one, two = route("one", "when = " .. pair[order[1]]), route("two", "when = " .. pair[order[2]])
        local ok, why = pcall(load, one, two)
        assert.is_false(ok)
        assert.truthy(why:find("routes.lua:2: route two: " .. pair[3] .. " one at ", 1, true), why)
        assert.truthy(why:find("routes.lua:1", 1, true), why)
      end
      assert.is_table(load(route("good")):match("GET /x"))
    end)
  end
end)


describe("a function that is asked", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("sees the parameters and the name of its route", function()
    local routes = load [[
      any "/n/:n" {
        name = "number", reply = { 200 },
        when = function(req) return req.route == "number" and tonumber(req.params.n) end,
      }
      any "/n/:word" { name = "word", reply = { 200 } } ]]
    assert.equal("number", routes:match("GET /n/12").name)
    assert.equal("word", routes:match("GET /n/twelve").name)
    assert.equal("twelve", (select(2, routes:match("GET /n/twelve"))).word)
  end)

  local faults = {
    { "req.path = '/y'", "can only look at the request" },
    { "req.client.id = 'me'", "can only look at the request" },
    { "req.headers.A = '1'", "can only look at the request" },
    { "req.args.a = '1'", "can only look at the request" },
    { "req.upstream = 'a'", "can only look at the request", service = true },
    { "sleep(1)", "sleep cannot be called in the condition of a route" },
    { "req:read_body(10)", "req:read_body cannot be called in the condition of a route" },
    { "coroutine.yield()", "coroutine.yield outside" },
    { "error {}", "an error that is a table" },
  }
  for _, case in ipairs(faults) do
    it(("cannot do %s: no route is taken, and the log says why"):format(case[1]), function()
      local routes = load((case.service and 'service "a" { instances = { "http://localhost:1" } }\n' or "\n")
        .. ("any '/x' { when = function(req) %s return true end, reply = { 200 } }\n"):format(case[1])
        .. "any '/*' { reply = { 200 } }")
      assert.is_nil(routes:match("GET /x"))
      local line = gate.logged()[1]
      assert.equal("error", line.level)
      assert.truthy(line.text:find("the condition of route ANY /x failed", 1, true), line.text)
      assert.truthy(line.text:find(case[2], 1, true), line.text)
      assert.truthy(line.fields.use:find("routes.lua:2", 1, true))
      assert.is_table(routes:match("GET /y"))
    end)
  end

  it("keeps nothing in the request", function()
    local routes = load [[
      any "/x" { when = function(req) req.ctx.seen = 1 return false end, reply = { 201 } }
      any "/*" { function(req) return 200, tostring(req.ctx.seen) end } ]]
    assert.equal("nil", routes:request("GET /x").body)
  end)
end)
