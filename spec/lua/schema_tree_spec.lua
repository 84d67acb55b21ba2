-- SPDX-License-Identifier: Apache-2.0
-- Types that hold others (list, map, record, edits) or stand for more than a word (template, service).

local schema = require "lunette.schema"
local t = schema.t

local function read(kind, value, env)
  local conf, errors = schema.check({ x = kind }, { x = value }, "p", env)
  if conf then return conf.x end
  return nil, errors
end

local function refuses(kind, value, ...)
  local got, errors = read(kind, value)
  assert.is_nil(got)
  assert.same({ ... }, errors)
end


describe("t.list", function()
  it("reads each item by its type", function()
    assert.same({ 1, 300 }, read(t.list { t.duration() }, { "1s", "5m" }))
  end)

  it("names the item that is wrong", function()
    refuses(t.list { t.integer() }, { 1, "two", 3 }, 'x[2]: expected an integer, got "two" (string)')
  end)

  it("refuses a table with names and a bare value", function()
    refuses(t.list { t.string() }, { a = "b" }, "x: expected a list, got a table")
    refuses(t.list { t.string() }, "b", 'x: expected a list, got "b" (string)')
  end)

  it("holds its bounds on the number of items", function()
    refuses(t.list { t.string(), min = 1 }, {}, "x: expected a list of at least 1 item, got a table")
    assert.same({ "a" }, read(t.list { t.string(), min = 1 }, { "a" }))
  end)

  it("gives each use its own copy of a default", function()
    local kinds = { x = t.list { t.string(), default = { "a" } } }
    local one, two = schema.check(kinds, {}, "p"), schema.check(kinds, {}, "p")
    one.x[1] = "changed"
    assert.equal("a", two.x[1])
  end)
end)


describe("t.map", function()
  it("reads values, and keys where a key type is given", function()
    assert.same({ a = 1 }, read(t.map { t.integer() }, { a = 1 }))
    assert.same({ ["X-A"] = 1 }, read(t.map { t.header_name(), t.integer() }, { ["X-A"] = 1 }))
  end)

  it("names the key that is wrong", function()
    refuses(t.map { t.header_name(), t.integer() }, { ["bad name"] = 1 },
      'x["bad name"]: expected a header name as key')
  end)

  it("names the value that is wrong", function()
    refuses(t.map { t.integer() }, { a = "b" }, 'x.a: expected an integer, got "b" (string)')
  end)

  it("holds its bounds on the number of names", function()
    refuses(t.map { t.integer(), min = 1 }, {}, "x: expected a table of at least 1 name, got a table")
    refuses(t.map { t.integer(), max = 1 }, { a = 1, b = 2 }, "x: expected a table of at most 1 name, got a table")
  end)

  it("refuses a list", function()
    refuses(t.map { t.integer() }, { 1 }, "x: expected a table with names, got a list")
  end)
end)


describe("t.record", function()
  local point = t.record { { from = t.integer { required = true }, to = t.integer { default = 9 } } }

  it("reads its fields and fills in defaults", function()
    assert.same({ from = 1, to = 9 }, read(point, { from = 1 }))
  end)

  it("names what is unknown and what is missing by its path", function()
    refuses(point, { form = 1 },
      'x.form: unknown setting; did you mean "from"?', "x.from: required: expected an integer")
  end)

  it("nests", function()
    refuses(t.list { point }, { { from = 1 }, { from = "b" } }, 'x[2].from: expected an integer, got "b" (string)')
  end)
end)


describe("t.edits", function()
  it("becomes a list: removals, replacements, additions", function()
    assert.same({
      { op = "remove", name = "Cookie" },
      { op = "set", name = "X-A", value = "1" },
      { op = "set", name = "X-B", value = "2" },
      { op = "add", name = "Vary", value = "Origin" },
      { op = "add", name = "Vary", value = "Accept" },
    }, read(t.edits(), {
      add = { Vary = { "Origin", "Accept" } },
      set = { ["X-B"] = 2, ["X-A"] = "1" },
      remove = { "Cookie" },
    }))
  end)

  it("hands the list to the one who compiles it", function()
    local seen
    local compiled = read(t.edits(), { remove = { "A" } }, { edits = function(list) seen = list return "C" end })
    assert.equal("C", compiled)
    assert.same({ { op = "remove", name = "A" } }, seen)
  end)

  it("refuses a key that is no header name", function()
    refuses(t.edits(), { set = { ["bad name"] = "v" } }, 'x.set["bad name"]: expected a header name as key')
  end)

  it("refuses a value that would end its line", function()
    refuses(t.edits(), { set = { A = "b\r\nSet-Cookie: x" } },
      'x.set.A: expected a header value, got "b\\013\\010Set-Cookie: x" (string)')
  end)

  it("refuses control characters and blanks at the edges of a value", function()
    for _, value in ipairs { "\1", "a\0", "a\127", " a", "a ", "a\t" } do
      assert.is_nil((read(t.edits(), { set = { A = value } })), ("%q"):format(value))
    end
    assert.equal("a\tb", read(t.edits(), { set = { A = "a\tb" } })[1].value)
  end)

  it("refuses the headers that frame a message", function()
    for _, name in ipairs { "Content-Length", "transfer-encoding", "Connection", "Host" } do
      local got, errors = read(t.edits(), { remove = { name } })
      assert.is_nil(got)
      assert.same({ "x.remove[1]: this header is written by the gateway itself" }, errors)
    end
  end)

  it("refuses one header written twice in two spellings", function()
    refuses(t.edits(), { set = { ["X-a"] = "1", ["x-A"] = "2" } }, 'x.set["x-A"]: the same header as "X-a"')
  end)

  it("suggests the word that was meant", function()
    refuses(t.edits(), { sett = { A = "b" } }, 'x.sett: unknown setting; did you mean "set"?')
  end)

  it("refuses a list where names are needed, and names where a list is", function()
    refuses(t.edits(), { set = { "A" } }, "x.set: expected a table with header names as keys, got a list")
    refuses(t.edits(), { remove = "A" }, 'x.remove: expected a list of header names, got "A" (string)')
  end)
end)


describe("t.template", function()
  local req = {
    method = "GET", path = "/a", client = { id = "k1", ip = "10.0.0.1" },
    headers = { ["X-User"] = "u" }, params = { id = 7 }, args = {}, cookies = {},
  }

  local function render(template) return read(t.template(), template)(req) end

  it("reads names of the request", function()
    assert.equal("k1:GET /a", render("{client.id}:{req.method} {req.path}"))
  end)

  it("reads headers and parameters", function()
    assert.equal("u-7", render("{req.headers.X-User}-{req.params.id}"))
  end)

  it("gives no text for what is not there", function()
    assert.equal("[]", render("[{req.args.none}]"))
  end)

  it("writes a brace for two", function()
    assert.equal("{x}", render("{{x}"))
    assert.equal("a{{b/a", render("a{{{{b{req.path}"))
  end)
  it("leaves plain text alone", function() assert.equal("plain", render("plain")) end)

  it("suggests the name that was meant", function()
    refuses(t.template(), "{req.pth}", 'x: expected a template such as "{client.id}:{req.path}": '
      .. 'column 2: unknown name "req.pth"; did you mean "req.path"?')
  end)

  it("refuses a brace that never closes", function()
    local got = read(t.template(), "a{req.path")
    assert.is_nil(got)
  end)
end)


describe("t.service", function()
  it("asks the one who knows the services", function()
    local env = { service = function(value) return { name = value } end }
    assert.same({ name = "users" }, read(t.service(), "users", env))
  end)

  it("is a name where nobody knows the services", function()
    assert.equal("users", read(t.service(), "users"))
    refuses(t.service(), 5, "x: expected the name of a service, got 5 (number)")
  end)

  it("passes on why there is none", function()
    local env = { service = function() return nil, 'no service "userz"; did you mean "users"?' end }
    local got, errors = read(t.service(), "userz", env)
    assert.is_nil(got)
    assert.same({ 'x: no service "userz"; did you mean "users"?' }, errors)
  end)
end)
