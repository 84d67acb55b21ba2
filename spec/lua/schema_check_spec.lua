-- SPDX-License-Identifier: Apache-2.0
-- Checking whole tables of settings, and the mistakes that a schema itself can have.

local schema = require "lunette.schema"
local t = schema.t

local limit = {
  rate = t.rate { required = true },
  burst = t.integer { default = 10, min = 1 },
  by = t.oneof { "client", "ip", default = "client" },
}


describe("schema.check", function()
  it("gives conf with defaults filled in", function()
    assert.same({ rate = { count = 2, per = 1 }, burst = 10, by = "client" },
      schema.check(limit, { rate = "2/s" }, "rate-limit"))
  end)

  it("reports every mistake at once, sorted", function()
    local conf, errors = schema.check(limit, { rate = "fast", brust = 1, burst = "ten" }, "rate-limit")
    assert.is_nil(conf)
    assert.same({
      'brust: unknown setting; did you mean "burst"?',
      'burst: expected an integer of at least 1, got "ten" (string)',
      'rate: expected a rate such as "100/s" or "5000/h", got "fast" (string)',
    }, errors)
  end)

  it("says what a missing setting should be", function()
    local _, errors = schema.check(limit, {}, "rate-limit")
    assert.same({ 'rate: required: expected a rate such as "100/s" or "5000/h"' }, errors)
  end)

  it("takes no settings for an empty table", function()
    assert.same({ a = 1 }, schema.check({ a = t.integer { default = 1 } }, nil, "p"))
  end)

  it("names the plugin when the settings are no table", function()
    local _, errors = schema.check(limit, "100/s", "rate-limit")
    assert.same({ 'rate-limit: expected its settings in a table, got "100/s" (string)' }, errors)
  end)

  it("refuses settings without a name", function()
    local _, errors = schema.check(limit, { "x", rate = "1/s" }, "rate-limit")
    assert.same({ '[1]: expected a setting with a name, got "x" (string)' }, errors)
  end)

  it("leaves the settings as they were written", function()
    local settings = { rate = "2/s" }
    schema.check(limit, settings, "rate-limit")
    assert.same({ rate = "2/s" }, settings)
  end)

  it("leaves out what is neither given nor has a default", function()
    assert.same({}, schema.check({ a = t.string() }, {}, "p"))
  end)
end)


describe("schema.define", function()
  it("gives the schema back", function() assert.equal(limit, schema.define(limit)) end)

  it("refuses the settings that every plugin has", function()
    for _, name in ipairs { "when", "on_error", "name", "budget" } do
      local got, why = schema.define { [name] = t.string() }
      assert.is_nil(got)
      assert.equal(("schema.%s: every plugin has this setting already"):format(name), why)
    end
  end)

  it("refuses what is not a type", function()
    local got, why = schema.define { rate = "string" }
    assert.is_nil(got)
    assert.equal('schema: rate: expected a type such as t.string {}, got "string" (string)', why)
  end)

  it("refuses a name that is not in snake_case", function()
    local got, why = schema.define { retryAfter = t.string() }
    assert.is_nil(got)
    assert.equal('schema: "retryAfter": expected a name such as retry_after', why)
  end)

  it("refuses a schema that is no table", function()
    local got, why = schema.define("none")
    assert.is_nil(got)
    assert.equal('schema: expected a table of name = type, got "none" (string)', why)
  end)
end)


describe("a mistake in a type", function()
  local function message(make)
    local ok, why = pcall(make)
    assert.is_false(ok)
    return why
  end

  it("is an error at the line that made it", function()
    local line = debug.getinfo(1, "l").currentline
    local why = message(function() local x = t.string { defautl = "a" } return x end)
    assert.truthy(why:find(("schema_check_spec.lua:%d:"):format(line + 1), 1, true), why)
    assert.truthy(why:find('t.string: unknown option "defautl"; did you mean "default"?', 1, true), why)
  end)

  local cases = {
    { "an unknown type", function() return t.strnig end, 'unknown type "strnig"; did you mean "string"?' },
    { "a default of the wrong kind", function() return (t.integer { default = "x" }) end,
      't.integer: default: expected an integer, got "x" (string)' },
    { "a default out of bounds", function() return (t.integer { min = 5, default = 1 }) end,
      "t.integer: default: expected an integer of at least 5, got 1 (number)" },
    { "bounds in the wrong order", function() return (t.integer { min = 5, max = 1 }) end,
      "t.integer: min is greater than max" },
    { "bounds that are no numbers", function() return (t.string { min = "5" }) end,
      't.string: min: expected a number, got "5" (string)' },
    { "bounds of a duration without sense", function() return (t.duration { min = "soon" }) end,
      't.duration: min: expected a duration such as "250ms", "30s" or "5m", got "soon" (string)' },
    { "help that is no sentence", function() return (t.string { help = true }) end,
      "t.string: help: expected a sentence, got true (boolean)" },
    { "a default beside required", function() return (t.string { required = true, default = "a" }) end,
      "t.string: a required setting has no use for a default" },
    { "a list of nothing", function() return (t.list {}) end,
      "t.list: expected a type in first place, such as t.list { t.string() }" },
    { "a list of something that is no type", function() return (t.list { "string" }) end,
      't.list: place 1: expected a type such as t.string(), got "string" (string)' },
    { "a choice of nothing", function() return (t.oneof {}) end,
      't.oneof: expected its choices, such as t.oneof { "a", "b" }' },
    { "a type where its options belong", function() return (t.list(t.string())) end,
      "t.list: expected its options in a table, got a table" },
    { "an option of another type", function() return (t.boolean { min = 1 }) end,
      't.boolean: unknown option "min"' },
    { "a position without meaning", function() return (t.string { "a" }) end, 't.string: unknown option "1"' },
  }
  for _, case in ipairs(cases) do
    it("is found: " .. case[1], function()
      local why = message(case[2])
      assert.truthy(why:find(case[3], 1, true), why)
    end)
  end

  it("cannot be made by adding a type", function()
    assert.is_false(pcall(function() t.mine = t.string end))
    assert.is_false(getmetatable(t) == nil)
    assert.equal("types", getmetatable(t))
  end)
end)
