-- SPDX-License-Identifier: Apache-2.0
-- What is wrong with a plugin file is said with file and line.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("a mistake in a plugin file", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local GOOD = 'local p = plugin "bad" { version = "1.0.0", api = 1, schema = {} }\n'

  local function why_not(text, settings)
    local ok, why = pcall(probe.plugin, "bad", text, settings)
    assert.is_false(ok)
    return tostring(why)
  end

  local cases = {
    { "a syntax error", GOOD .. "function p:request( end\nreturn p\n", "bad.lua:2:" },
    { "a handler misspelt", GOOD .. "function p:requst(req) end\nreturn p\n",
      'bad.lua:2: unknown handler "requst"; did you mean "request"?' },
    { "no return", GOOD, "bad.lua" },
    { "a newer API", 'local p = plugin "bad" { version = "1.0.0", api = 3, schema = {} }\nreturn p\n',
      "bad.lua:1:", "needs lunette API 3, this is 1" },
    { "no API", 'local p = plugin "bad" { version = "1.0.0", schema = {} }\nreturn p\n', "bad.lua:1:", "api" },
    { "no version", 'local p = plugin "bad" { api = 1, schema = {} }\nreturn p\n', "bad.lua:1:", "version" },
    { "an unknown field", 'local p = plugin "bad" { version = "1", api = 1, schema = {}, shcema = {} }\nreturn p\n',
      "bad.lua:1:", 'unknown' , "shcema" },
    { "another name than its file's", 'local p = plugin "other" { version = "1", api = 1, schema = {} }\nreturn p\n',
      "bad.lua:1:", "other" },
    { "a type that does not exist",
      'local p = plugin "bad" {\n version = "1", api = 1,\n schema = { x = t.strnig {} } }\nreturn p\n',
      'bad.lua:3: unknown type "strnig"; did you mean "string"?' },
    { "an option that does not exist",
      'local p = plugin "bad" {\n version = "1", api = 1,\n schema = { x = t.string { defautl = 1 } } }\nreturn p\n',
      'bad.lua:3: t.string: unknown option "defautl"; did you mean "default"?' },
    { "a reserved setting",
      'local p = plugin "bad" { version = "1", api = 1, schema = { on_error = t.string() } }\nreturn p\n',
      "bad.lua:1:", "schema.on_error: every plugin has this setting already" },
    { "an error at the top", GOOD .. "\nerror('no')\n", "bad.lua:3: no" },
    { "an error in init", GOOD .. "function p:init()\n error('no')\nend\nreturn p\n", "bad.lua:3: no" },
  }
  for _, case in ipairs(cases) do
    it("is reported: " .. case[1], function()
      local why = why_not(case[2])
      for i = 3, #case do assert.truthy(why:find(case[i], 1, true), why) end
    end)
  end

  it("is a plugin that does not exist, with the nearest name", function()
    local ok, why = pcall(gate.plugin, "rate-limt", {})
    assert.is_false(ok)
    assert.truthy(tostring(why):find('did you mean "rate-limit"?', 1, true), why)
  end)

  it("can be a reason that init gives", function()
    local why = why_not(GOOD .. 'function p:init() return nil, "the moon is down" end\nreturn p\n')
    assert.truthy(why:find("the moon is down", 1, true), why)
  end)

  it("can be a reason that check gives", function()
    local why = why_not([[
      local p = plugin "bad" {
        version = "1", api = 1, schema = { a = t.integer(), b = t.integer() },
        check = function(conf) return conf.a < conf.b or nil, "a must be less than b" end,
      }
      return p ]], { a = 2, b = 1 })
    assert.truthy(why:find("a must be less than b", 1, true), why)
  end)

  it("does not spoil the plugins that are right", function()
    why_not(GOOD .. "function p:requst(req) end\nreturn p\n")
    assert.is_table(gate.plugin("headers", {}))
  end)
end)
