-- SPDX-License-Identifier: Apache-2.0
-- What editors and linters get from the description of the Lua API, and what the loader takes of its versions.

local doc = require "lunette.api_doc"
local docs = require "lunette.docs"
local editor = require "lunette.editor"
local files = require "spec.helpers.files"
local version = require "lunette.api_version"

describe("the LuaLS library", function()
  local library = editor.luals()

  it("is a file of annotations that Lua can read", function()
    assert.truthy(library:find("^%-%-%-@meta\n"))
    assert.is_function(loadstring(library))
  end)

  it("has every name", function()
    for _, object in ipairs(doc.objects) do
      for _, row in ipairs(object.rows) do
        local name = editor.name(row)
        local there = library:find("[.:]" .. name .. "%(") or library:find("\nfunction " .. name .. "%(")
          or library:find("@field " .. name .. "%?? ") or row[1]:find("[", 1, true)
        assert.truthy(there, object.name .. ": " .. name)
      end
    end
  end)

  it("gives parameters and results their types", function()
    assert.truthy(library:find([[
---@param key string
---@param cost? number
---@param rate? table
---@return boolean
---@return number
---@return number
---@return number
---@return integer
---@return string?
function Limiter:take(key, cost, rate) end
]], 1, true))
  end)

  it("knows no class that it speaks of and does not declare", function()
    local declared = {}
    for name in library:gmatch("@class (lunette%.[%w_]+)") do declared[name] = true end
    for name in library:gmatch("lunette%.%u[%w_]*") do assert.is_true(declared[name], name) end
  end)
end)


describe("the type of a row", function()
  local cases = {
    ["string"] = { { "x", "string" } },
    ["string?"] = { { "x", "string or nil, settable" } },
    ["lunette.Headers"] = { { "x", "headers" } },
    ["fun()"] = { { "x()", "nothing" } },
    ["fun(): boolean, number"] = { { "x()", "boolean, number" } },
    ["fun(a: string)"] = { { "x(a)", "whatever", lua = "fun(a: string)" } },
  }
  for wanted, case in pairs(cases) do
    it("is " .. wanted, function() assert.equal(wanted, editor.type(case[1])) end)
  end

  it("is asked for where it cannot be told", function()
    for _, row in ipairs { { "x(a)", "string" }, { "x", "a list of things" }, { "x()", "string, or `nil, why`" } } do
      local found, why = editor.type(row)
      assert.is_nil(found)
      assert.truthy(why:find("say its type for editors", 1, true))
    end
  end)
end)


describe("the stds of luacheck", function()
  it("are what .luacheckrc has", function()
    local text = files.read(".luacheckrc")
    assert.is_true(docs.luacheckrc(text) == text, "run: make docs")
  end)

  it("leave out what the sandbox leaves out", function()
    local globals = editor.globals("plugins")
    for _, name in ipairs { "io", "os", "debug", "ffi", "package", "collectgarbage", "getfenv" } do
      assert.is_nil(globals[name], name)
    end
    assert.is_nil(editor.globals("routes").t)
    assert.is_nil(globals.get)
  end)
end)


describe("the version of a plugin", function()
  it("is taken when it is one of ours", function()
    assert.is_nil(version.refusal(2, 3, 2))
    assert.is_nil(version.refusal(3, 3, 2))
  end)

  it("is refused when it is newer", function()
    assert.equal("needs lunette API 3, this is 2", version.refusal(3, 2, 1))
  end)

  it("is refused when it is too old", function()
    assert.equal("was written for lunette API 1; this is 3, and 2 is the oldest that still runs",
      version.refusal(1, 3, 2))
  end)

  it("is refused when it is none", function()
    assert.equal("api: expected 2, got nothing", version.refusal(nil, 2, 1))
    assert.equal('api: expected a version of the Lua API such as 2, got "1" (string)', version.refusal("1", 2, 1))
    assert.equal("api: expected a version of the Lua API such as 2, got 1.5 (number)", version.refusal(1.5, 2, 1))
  end)

  it("hides the globals that came later", function()
    local sandbox = require "lunette.sandbox"
    local later = { objects = {
      { name = "metrics", kind = "library", since = 3, rows = {} },
      { name = "functions", kind = "globals", rows = {
        { "every(s)", "nothing", "", since = 2 }, { "time()", "number", "" },
      } },
    } }
    local env = sandbox.environment { metrics = {}, every = 1, time = 2 }
    version.withdraw(env, 1, later)
    local function value(expression) return pcall(sandbox.compile("return " .. expression, "p.lua", env)) end
    assert.same({ true, 2 }, { value "time" })
    assert.same({ false, "p.lua:1: every came with lunette API 2; this plugin says api = 1" }, { value "every" })
    assert.same({ false, "p.lua:1: metrics came with lunette API 3; this plugin says api = 1" }, { value "metrics.x" })
    assert.truthy(select(2, value "tiem"):find('undeclared name "tiem"', 1, true))
    env = sandbox.environment { metrics = {}, every = 1, time = 2 }
    version.withdraw(env, 2, later)
    assert.same({ true, 1 }, { value "every" })
  end)

  it("decides which names there are", function()
    local two = { objects = {
      { name = "req", kind = "object", rows = { { "path", "string", "" }, { "tls", "string", "", since = 2 } } },
      { name = "functions", kind = "globals", since = 2, rows = { { "every(s)", "nothing", "" } } },
    } }
    assert.same({ ["req.path"] = true }, version.names(two, 1))
    assert.same({ ["req.path"] = true, ["req.tls"] = true, every = true }, version.names(two, 2))
  end)
end)
