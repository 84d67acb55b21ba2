-- SPDX-License-Identifier: Apache-2.0
-- The option `when`: which requests fulfil it, and what is said of one that cannot be read.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local function load(text) return gate.routes(files.write("routes.lua", text)) end


-- Does a route with this `when` take the request?
local function holds(when, request, options)
  return load(('any "/x" { when = %s, reply = { 200 } }'):format(when)):match(request or "GET /x", options) ~= nil
end


local function fault(text)
  local ok, why = pcall(load, text)
  assert.is_false(ok, "it was accepted")
  return why
end


describe("a condition", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local H = function(value) return { headers = { ["X-Version"] = value } } end
  local cases = {
    { '{ header = { ["X-Version"] = "2" } }', H "2", H "3" },
    { '{ header = { ["x-version"] = 2 } }', H "2", H "20" },
    { '{ header = { ["X-Version"] = { "2", "3" } } }', H "3", H "4" },
    { '{ header = { ["X-Version"] = true } }', H "", {} },
    { '{ header = { ["X-Version"] = false } }', {}, H "2" },
    { '{ header = { ["X-Version"] = { prefix = "v2" } } }', H "v2.1", H "v1.2" },
    { '{ header = { ["X-Version"] = { prefix = { "v2", "v3" } } } }', H "v3", H "V3" },
    { '{ header = { ["X-Version"] = { suffix = "-beta" } } }', H "2-beta", H "-beta2" },
    { '{ header = { ["X-Version"] = { contains = "et" } } }', H "beta", H "alpha" },
    { '{ cookie = { plan = "gold" } }', { headers = { Cookie = "a=1; plan=gold" } },
      { headers = { Cookie = "plan=gol" } } },
    { '{ cookie = { plan = false } }', { headers = { Cookie = "a=1" } }, { headers = { Cookie = "plan=" } } },
    { '{ client = "10.0.0.0/8" }', { ip = "10.9.9.9" }, { ip = "11.0.0.1" } },
    { '{ client = { "192.0.2.7", "2001:db8::/32" } }', { ip = "2001:db8::1" }, { ip = "2001:db9::1" } },
    { '{ scheme = "http" }', {}, { scheme = "https" } },
    { '{ listener = "main" }', {}, { listener = "other" } },
    { '{ host = { "a.example", "*.b.example" } }', { host = "X.b.example" }, { host = "b.example" } },
    { "function(req) return req.headers.X == 'y' end", { headers = { X = "y" } }, {} },
    { '{ header = { A = "1" }, function(req) return req.args.b end }', nil, nil },
  }
  for _, case in ipairs(cases) do
    if case[2] then
      it(case[1] .. " holds where it should", function() assert.is_true(holds(case[1], nil, case[2])) end)
      it(case[1] .. " does not hold elsewhere", function() assert.is_false(holds(case[1], nil, case[3])) end)
    end
  end

  it("may be of the query, decoded", function()
    assert.is_true(holds('{ query = { q = "a b" } }', "GET /x?q=a+b"))
    assert.is_true(holds('{ query = { q = true } }', "GET /x?q"))
    assert.is_true(holds('{ query = { page = 2 } }', "GET /x?page=2"))
    assert.is_false(holds('{ query = { q = true } }', "GET /x?qq=1"))
    assert.is_true(holds('{ query = { q = "" } }', "GET /x?q="))
    assert.is_false(holds('{ query = { q = false } }', "GET /x?q"))
  end)

  it("looks at the first value of a name", function()
    local two = { headers = { { "X-Version", "1" }, { "X-Version", "2" } } }
    assert.is_false(holds('{ header = { ["X-Version"] = "2" } }', nil, two))
    assert.is_true(holds('{ header = { ["X-Version"] = "1" } }', nil, two))
  end)

  it("holds with all others, functions too", function()
    local both = '{ header = { A = "1" }, function(req) return req.args.b end }'
    assert.is_true(holds(both, "GET /x?b=1", { headers = { A = "1" } }))
    assert.is_false(holds(both, "GET /x", { headers = { A = "1" } }))
    assert.is_false(holds(both, "GET /x?b=1"))
  end)

  it("of methods belongs to any, and to Allow", function()
    local routes = load('any "/x" { when = { method = { "PUT", "POST" } }, reply = { 200 } }')
    assert.is_table(routes:match("PUT /x"))
    assert.is_nil(routes:match("GET /x"))
    assert.equal("PUT,POST", routes:match("POST /x").method)
  end)

  it("of a group counts with those of its routes", function()
    local routes = load [[
      group "/g" {
        when = { header = { A = "1" } },
        get "/x" { when = { header = { B = "2" } }, reply = { 200 } },
        get "/y" { reply = { 200 } },
      } ]]
    assert.is_nil(routes:match("GET /g/x", { headers = { B = "2" } }))
    assert.is_table(routes:match("GET /g/x", { headers = { A = "1", B = "2" } }))
    assert.is_table(routes:match("GET /g/y", { headers = { A = "1" } }))
    assert.is_nil(routes:match("GET /g/y"))
  end)
end)


describe("a share", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local function count(when, options)
    local routes, n = load(('any "/x" { when = { share = %s }, reply = { 200 } }'):format(when)), 0
    for i = 1, 2000 do
      local o = options and options(i) or { ip = ("10.0.%d.%d"):format(i / 250, i % 250) }
      if routes:match("GET /x", o) then n = n + 1 end
    end
    return n
  end

  it("takes about as many clients as it says", function()
    local n = count("10")
    assert.is_true(n > 140 and n < 260, tostring(n))
  end)

  it("takes nobody, or everybody, at its ends", function()
    assert.equal(0, count '"0%"')
    assert.equal(2000, count '"100%"')
  end)

  it("always takes the same clients", function()
    local routes = load 'any "/x" { when = { share = 50 }, reply = { 200 } }'
    for i = 1, 50 do
      local o = { ip = "10.1.0." .. i }
      local first = routes:match("GET /x", o) ~= nil
      for _ = 1, 3 do assert.equal(first, routes:match("GET /x", o) ~= nil) end
    end
  end)

  it("grows without losing anybody", function()
    local routes = load [[
      any "/a" { when = { share = 10 }, reply = { 200 } }
      any "/b" { when = { share = 30 }, reply = { 200 } } ]]
    for i = 1, 200 do
      local o = { ip = "10.2.0." .. i }
      if routes:match("GET /a", o) then assert.is_table(routes:match("GET /b", o)) end
    end
  end)

  it("falls differently with another seed", function()
    local routes, both = load [[
      any "/a" { when = { share = 50 }, reply = { 200 } }
      any "/b" { when = { share = { 50, seed = "other" } }, reply = { 200 } } ]], 0
    for i = 1, 400 do
      local o = { client_id = "c" .. i }
      if routes:match("GET /a", o) and routes:match("GET /b", o) then both = both + 1 end
    end
    assert.is_true(both > 60 and both < 140, tostring(both))
  end)

  it("can go by a header, a cookie or an argument", function()
    local n = count('{ 50, by = "header:X-User" }', function(i) return { headers = { ["X-User"] = "u" .. i } } end)
    assert.is_true(n > 900 and n < 1100, tostring(n))
  end)
end)


describe("a condition that makes no sense", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  local cases = {
    { '{ heder = { A = "1" } }', 'when: unknown condition "heder"; did you mean "header"?' },
    { '{ header = "A" }', 'when.header: expected a table such as' },
    { '{ header = { ["a b"] = true } }', 'when.header["a b"]: expected a name' },
    { '{ header = { A = {} } }', 'when.header.A: expected one of "contains", "prefix" or "suffix"' },
    { '{ header = { A = { prefx = "a" } } }', 'unknown test "prefx"; did you mean "prefix"?' },
    { '{ header = { A = { prefix = "" } } }', "an empty text fits everything" },
    { '{ header = { A = function() end } }', "expected a text or a list of texts" },
    { '{ client = "10.0.0.1/8" }', "when.client: expected an address block" },
    { '{ client = {} }', "nothing would ever fit" },
    { '{ scheme = "ftp" }', 'when.scheme: expected "http" or "https", got "ftp"' },
    { '{ share = 101 }', "when.share: expected a percentage" },
    { '{ share = "ten" }', "when.share: expected a percentage" },
    { '{ share = { 10, sed = "x" } }', 'unknown option "sed"; did you mean "seed"?' },
    { '{ share = { 10, by = "hat" } }', 'by: expected "client", "header:NAME"' },
    { '{ method = "put" }', 'expected a method such as "PUT"' },
    { '{ host = "a b" }', "expected a name such as" },
    { '{ host = "a.example:80" }', "a host stands without its port" },
    { '"X-Version"', "when: expected a table of conditions or a function" },
    { '{ "X" }', "when: place 1: expected a function" },
  }
  for _, case in ipairs(cases) do
    it("is refused with its line: " .. case[1], function()
      local why = fault('\nany "/x" { when = ' .. case[1] .. ", reply = { 200 } }")
      assert.truthy(why:find('routes.lua:2: in any "/x": ', 1, true), why)
      assert.truthy(why:find(case[2], 1, true), why)
    end)
  end

  it("says where the method is said twice", function()
    local why = fault 'get "/x" { when = { method = "PUT" }, reply = { 200 } }'
    assert.truthy(why:find("get says the method already", 1, true), why)
  end)

  it("is told once for a group", function()
    local why = fault [[
group "/g" {
  when = { clint = "10.0.0.1" },
  get "/a" { reply = { 200 } },
  get "/b" { reply = { 200 } },
}]]
    local _, n = why:gsub("did you mean", "")
    assert.equal(1, n, why)
    assert.truthy(why:find("routes.lua:1:", 1, true), why)
  end)
end)
