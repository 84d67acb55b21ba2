-- SPDX-License-Identifier: Apache-2.0
-- Every name that the reference of the Lua API describes exists, and every name that exists is described.

local doc = require "lunette.api_doc"
local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

-- The described names of one object: "init(self)" and 'get "/path" { ... }' are init and get.
local function described(name)
  for _, object in ipairs(doc.objects) do
    if object.name == name then
      local names = {}
      for _, row in ipairs(object.rows) do names[#names + 1] = row[1]:match("^[%a_][%w_]*") end
      table.sort(names)
      return names
    end
  end
  error("no object " .. name)
end


local function sorted_keys(t)
  local names = {}
  for name in pairs(t) do
    if not tostring(name):find("^__") then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end


-- A variable that the function has captured.
local function captured(f, wanted)
  for i = 1, 60 do
    local name, value = debug.getupvalue(f, i)
    if name == wanted then return value end
    if not name then error("nothing captured as " .. wanted) end
  end
end


-- The fields and methods of one of our strict objects.
local function fields_of(object)
  local index = debug.getmetatable(object).__index
  local all = {}
  for _, part in ipairs { "get", "methods" } do
    for name in pairs(captured(index, part)) do all[name] = true end
  end
  return sorted_keys(all)
end


describe("the description of the Lua API", function()
  before_each(gate.reset)

  it("is of the version that the binary has", function()
    assert.equal(require("lunette.ffi").api_major, doc.version)
  end)

  it("has what the sandbox keeps of Lua", function()
    local env = require("lunette.sandbox").environment({})
    local words = debug.getmetatable(env).__index
    local found = {}
    words.table.pack, words.table.unpack = nil, nil -- what busted is made of adds them to Lua 5.1
    for name, value in pairs(words) do found[name] = type(value) == "table" and sorted_keys(value) or true end
    local wanted = {}
    for _, name in ipairs(doc.base.names) do wanted[name] = true end
    for name, fields in pairs(doc.base.libraries) do
      wanted[name] = {}
      for field in fields:gmatch("%S+") do table.insert(wanted[name], field) end
    end
    assert.same(wanted, found)
  end)

  it("knows every global of plugins and of inline handlers", function()
    local editor = require "lunette.editor"
    local words = require "lunette.words"
    local globals = editor.globals("plugins")
    for name in pairs(require("lunette.api").words("spec")) do assert.truthy(globals[name], name) end
    globals = editor.globals("routes")
    for name in pairs(require("lunette.api").words("spec")) do assert.truthy(globals[name], name) end
    for name in pairs(words.words(words.new_state(), {})) do assert.truthy(globals[name], name) end
  end)

  it("has the fields of req, res and client", function()
    local out = gate.request(function() end)
    assert.same(described "req", fields_of(out.req))
    assert.same(described "res", fields_of(out.res))
    assert.same(described "client", fields_of(out.req.client))
  end)

  it("has the fields and methods of chunk", function()
    local names = sorted_keys(require("lunette.chunk").methods)
    for _, field in ipairs { "last", "size" } do names[#names + 1] = field end
    table.sort(names)
    assert.same(described "chunk", names)
  end)

  it("has the methods of headers, args and cookies", function()
    local found = {}
    gate.request(function(req)
      for _, name in ipairs(described "headers") do
        if name ~= "headers" then found[name] = type(req.headers[name]) end
      end
      for _, name in ipairs { "all", "each" } do
        found["args." .. name], found["cookies." .. name] = type(req.args[name]), type(req.cookies[name])
      end
    end)
    for name, kind in pairs(found) do assert.equal("function", kind, name) end
    assert.is_string(found.add)
  end)

  it("has the libraries", function()
    local words = require("lunette.api").words("spec")
    for _, name in ipairs { "auth", "consumers", "crypto", "json", "log", "metrics" } do
      local functions = captured(debug.getmetatable(words[name]).__index, "functions")
      assert.same(described(name), sorted_keys(functions))
    end
    assert.same(described "store", sorted_keys(words.store))
  end)

  it("has the functions that stand alone", function()
    local found = { "require" }
    for name, value in pairs(require("lunette.api").words("spec")) do
      if type(value) == "function" then found[#found + 1] = name end
    end
    table.sort(found)
    assert.same(described "functions", found)
  end)

  it("has the methods of Redis handles and of gate.redis", function()
    assert.same(described "handle", sorted_keys(require("lunette.redis").methods))
    for _, name in ipairs(described "a small Redis") do assert.truthy(gate.redis[name], name) end
  end)

  it("has the method of limiters", function()
    local bucket = gate.plugin("rate-limit", { rate = "1/s" }).self.bucket
    assert.same(described "limiter", sorted_keys(debug.getmetatable(bucket).__index))
  end)

  it("has what specs work with", function()
    local names = {}
    for name in pairs(gate) do names[#names + 1] = name end
    table.sort(names)
    assert.same(described "gate", names)
    assert.is_function(gate.clock.advance)
    assert.is_function(gate.clock.now)
    local there = { json = true, sent = true }
    local out = gate.response(function() end, "GET /", { chunks = { "x" } })
    for _, name in ipairs(described "outcome") do
      assert.is_true(there[name] or out[name] ~= nil or name == "failed", name)
    end
    local fake = { on = true, requests = true, reset = true }
    for _, name in ipairs(described "fake_http") do assert.is_true(fake[name] and gate.http[name] ~= nil, name) end
  end)

  it("has what gateways and upstreams of specs have", function()
    for object, path in pairs { gateway = "spec/support/gateway.lua", upstream = "spec/support/upstream.lua" } do
      local file = assert(io.open(path))
      local text = file:read("*a")
      file:close()
      for _, name in ipairs(described(object)) do
        assert.truthy(text:find(":" .. name .. "(", 1, true) or text:find("self%." .. name .. "[ ,].*=")
          or text:find(name .. " = ", 1, true), object .. "." .. name)
      end
    end
  end)

  it("has the methods of what store and metrics give", function()
    local made = probe.handler("request", "", { init = [[
      self.counters, self.dict, self.permits = store.counters("c"), store.dict("d"), store.permits("p")
      self.bandwidth = store.bandwidth("b")
      self.counter, self.gauge = metrics.counter("a_total", "a"), metrics.gauge("b", "b")
      self.histogram = metrics.histogram("c", "c")
    ]] }).self
    probe.reset()
    for _, name in ipairs { "bandwidth", "counters", "dict", "permits", "counter", "gauge", "histogram" } do
      local methods = sorted_keys(debug.getmetatable(made[name]).__index)
      assert.same(described(name), methods, name)
    end
  end)

  it("has the handlers", function()
    local handlers = {}
    for i, name in ipairs(require("lunette.plugins").HANDLERS) do handlers[i] = name end
    table.sort(handlers)
    assert.same(described "handlers", handlers)
  end)

  it("has the options of a route", function()
    local options = { unpack(require("lunette.route_options").ROUTE) }
    table.sort(options)
    assert.same(described "options", options)
  end)

  it("has the words of a routes file", function()
    local words = require "lunette.words"
    local found = sorted_keys(words.words(words.new_state(), {}))
    for i = #found, 1, -1 do
      if found[i] == "json" then table.remove(found, i) end
    end
    assert.same(described "routes", found)
  end)
end)
