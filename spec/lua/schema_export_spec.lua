-- SPDX-License-Identifier: Apache-2.0
-- What is made of a schema besides checks: rows of the reference, JSON Schema; and the nearest known word.

local schema = require "lunette.schema"
local text = require "lunette.schema_text"
local t = schema.t


describe("schema.rows", function()
  it("has one sorted row per setting", function()
    assert.same({
      { name = "burst", kind = "integer", expects = "an integer of at least 1", required = false, default = "10",
        help = "how many at once" },
      { name = "rate", kind = "rate", expects = 'a rate such as "100/s" or "5000/h"', required = true },
    }, schema.rows {
      rate = t.rate { required = true },
      burst = t.integer { default = 10, min = 1, help = "how many at once" },
    })
  end)

  it("writes defaults as one would", function()
    local function default(kind) return schema.rows({ x = kind })[1].default end
    assert.equal('{ "a", "b" }', default(t.list { t.string(), default = { "a", "b" } }))
    assert.equal("false", default(t.boolean { default = false }))
    assert.equal('"30s"', default(t.duration { default = "30s" }))
    assert.equal('{ remove = { "A" } }', default(t.edits { default = { remove = { "A" } } }))
    assert.equal("{}", default(t.list { t.string(), default = {} }))
  end)

  it("never shows a secret", function()
    assert.is_nil(schema.rows({ x = t.secret { default = "hunter2" } })[1].default)
  end)

  it("says of a key who is counted, unless the plugin says it", function()
    local rows = schema.rows { a = t.key(), b = t.key { help = "whose turn it is" } }
    assert.matches("^Who is counted: ", rows[1].help)
    assert.equal("whose turn it is", rows[2].help)
  end)

  it("lists the fields of a record", function()
    local rows = schema.rows { a = t.record { { b = t.string() } } }
    assert.equal("a", rows[1].name)
    assert.equal("a.b", rows[2].name)
  end)
end)


describe("schema.json", function()
  local json = schema.json {
    rate = t.rate { required = true, help = "how fast" },
    burst = t.integer { default = 10, min = 1 },
    from = t.list { t.string { min = 1 }, default = { "a" } },
    by = t.oneof { "client", "ip" },
    key = t.secret { default = "hunter2" },
    tags = t.map { t.string() },
    box = t.record { { a = t.boolean { required = true } } },
    edits = t.edits {},
  }

  it("names its dialect and closes the object", function()
    assert.equal("https://json-schema.org/draft/2020-12/schema", json["$schema"])
    assert.is_false(json.additionalProperties)
    assert.same({ "rate" }, json.required)
  end)

  it("carries sentences, bounds and defaults", function()
    assert.equal("how fast", json.properties.rate.description)
    assert.same({ type = "integer", minimum = 1, default = 10 }, json.properties.burst)
    assert.same({ enum = { "client", "ip" } }, json.properties.by)
  end)

  it("describes what has a unit by a pattern", function()
    local units = schema.json({ a = t.rate(), b = t.size(), c = t.cidr(), d = t.duration() }).properties
    assert.same({ type = "string", pattern = "^[0-9]+/[0-9]*[smhd]$" }, units.a)
    assert.same({ type = "integer", minimum = 0 }, units.b.anyOf[1])
    assert.same({ type = "string", pattern = "^[0-9]+[kKmMgG]?$" }, units.b.anyOf[2])
    assert.same({ type = "string", pattern = "^[0-9a-fA-F:.]+(/[0-9]+)?$" }, units.c)
    assert.same({ type = "number", minimum = 0 }, units.d.anyOf[1])
  end)

  it("describes what is nested", function()
    assert.same({ type = "string", minLength = 1 }, json.properties.from.items)
    assert.same({ type = "string" }, json.properties.tags.additionalProperties)
    assert.same({ "a" }, json.properties.box.required)
    assert.is_false(json.properties.edits.additionalProperties)
  end)

  it("never shows a secret", function() assert.is_nil(json.properties.key.default) end)

  it("knows the settings that every plugin has", function()
    assert.same({ "fail", "skip" }, json.properties.on_error.enum)
  end)

  it("works for every kind of type", function()
    local made = {
      list = { t.string() }, map = { t.string() }, record = { { a = t.string() } }, oneof = { "a" },
    }
    for _, kind in ipairs(schema.kinds()) do
      local out = schema.json { x = t[kind](made[kind]) }
      assert.is_table(out.properties.x, kind)
    end
  end)
end)


describe("the nearest word", function()
  local function near(word, ...) return text.nearest(word, { ... }) end

  it("sees one letter too many, too few, wrong or swapped", function()
    assert.equal("burst", near("bburst", "burst"))
    assert.equal("burst", near("brst", "burst"))
    assert.equal("burst", near("butst", "burst"))
    assert.equal("burst", near("brust", "burst"))
  end)

  it("ignores case", function() assert.equal("rate", near("RATE", "rate")) end)

  it("stops at a third of the word's length", function()
    assert.is_nil(near("abcxyz", "abcdef"))
    assert.equal("abcdef", near("abcdxy", "abcdef"))
  end)

  it("stops at three letters", function()
    assert.is_nil(near("abcdefghijklwxyz", "abcdefghijklmnop"))
    assert.equal("abcdefghijklmnop", near("abcdefghijklmxyz", "abcdefghijklmnop"))
  end)

  it("prefers the nearer, then the first", function()
    assert.equal("abcdex", near("abcdef", "abcdxy", "abcdex"))
    assert.equal("cat", near("cas", "cat", "car"))
  end)

  it("gives nothing for words of no sensible length", function()
    assert.is_nil(near(("a"):rep(41), ("a"):rep(41)))
  end)
end)
