-- SPDX-License-Identifier: Apache-2.0
-- What plugins can reach, and what they cannot.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("the sandbox", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function works(body, expected)
    local out = probe.run(body)
    assert.equal(200, out.status)
    if expected then assert.equal(expected, out.body) end
  end

  -- The body fails, and the log says why.
  local function fails(body, why)
    assert.equal(500, probe.run(body).status)
    local said = {}
    for _, entry in ipairs(gate.logged()) do said[#said + 1] = entry.text end
    said = table.concat(said, "\n")
    assert.truthy(said:find(why, 1, true), said)
  end

  for _, name in ipairs { "io", "os", "debug", "ffi", "package", "collectgarbage", "newproxy", "dofile", "loadfile",
    "getfenv", "setfenv", "jit", "_G" } do
    it("has no " .. name, function() fails(("local x = %s"):format(name), name) end)
  end

  for _, name in ipairs {
    "string", "table", "math", "bit", "pairs", "ipairs", "next", "pcall", "xpcall", "error", "assert", "tostring",
    "tonumber", "select", "type", "unpack", "setmetatable", "getmetatable", "coroutine", "json", "log", "store",
    "crypto", "time", "sleep", "hostname",
  } do
    it("has " .. name, function() works(("return 200, type(%s)"):format(name)) end)
  end

  it("refuses to make a global", function()
    fails("counter = 1", "counter")
  end)

  it("refuses to read a global that does not exist, with its line", function()
    fails("\nlocal x = undefined_name", "probe.lua:4")
  end)

  it("refuses to replace a global", function()
    fails("tostring = nil", "tostring")
  end)

  it("refuses a global at the top of the file", function()
    assert.has_error(function()
      probe.plugin("leaky", 'counter = 0\nlocal p = plugin "leaky" { version = "1", api = 1, schema = {} }\nreturn p\n')
    end)
  end)

  it("keeps the libraries as they are", function()
    for i, body in ipairs {
      "string.format = nil", "table.insert = print", "math.huge = 1", "json.encode = nil", "log.error = nil",
    } do
      local out = gate.request(probe.handler("request", body .. " return 200", { name = "probe" .. i }))
      local after = gate.request(function() return 200, ("%d"):format(7) end)
      assert.equal("7", after.body, body)
      assert.is_true(out.status == 500 or out.status == 200)
    end
  end)

  it("does not let one plugin change the libraries of another", function()
    gate.request(probe.handler("request", "string.mine = 1 math.mine = 1", { name = "one" }))
    local out = gate.request(probe.handler("request", "return 200, tostring(rawget(string, 'mine'))", { name = "two" }))
    assert.not_equal("1", out.body)
  end)

  it("locks the metatable of strings", function()
    works("return 200, tostring(type(getmetatable('')) == 'table' and getmetatable('').__index ~= nil)", "false")
  end)

  it("does not load bytecode", function()
    works("return 200, tostring(load and load(string.char(27) .. 'LJ') or nil)", "nil")
  end)

  it("does not dump functions", function()
    works("return 200, tostring(rawget(string, 'dump'))", "nil")
  end)

  it("does not reach the files of the machine through require", function()
    for _, name in ipairs { "ffi", "jit", "lunette.ffi", "lunette.host", "../secret", "a/b", "a..b", "" } do
      local ok, why = pcall(probe.plugin, "probe", ("local x = require(%q)\n"):format(name))
      assert.is_false(ok)
      assert.truthy(why:find("require: ", 1, true), why)
    end
  end)

  it("loads no module while requests run", function()
    probe.module("words", "return {}\n")
    fails("return 200, require('words')", "at the top of the file, or in init")
  end)

  it("requires modules of the plugin folder", function()
    probe.module("words", "local M = {}\nfunction M.hi() return 'hi' end\nreturn M\n")
    local p = probe.plugin("probe", 'local words = require "words"\n'
      .. 'local p = plugin "probe" { version = "1", api = 1 }\n'
      .. "function p:request() return 200, require('words').hi() .. words.hi() end\nreturn p\n")
    assert.equal("hihi", gate.request(p).body)
  end)

  it("gives each use a self of its own", function()
    local text = 'local p = plugin "counter" { version = "1", api = 1, schema = {} }\n'
      .. "function p:init() self.n = 0 end\n"
      .. "function p:request() self.n = self.n + 1 return 200, tostring(self.n) end\nreturn p\n"
    local a = probe.plugin("counter", text)
    local b = gate.plugin("counter")
    assert.equal("1", gate.request(a).body)
    assert.equal("2", gate.request(a).body)
    assert.equal("1", gate.request(b).body)
  end)

  it("can shorten its own words by locals", function()
    works("local floor = math.floor return 200, tostring(floor(1.5))", "1")
  end)
end)
