-- SPDX-License-Identifier: Apache-2.0
-- Secrets: no message, listing or document ever shows one, nor what it is a part of.

local schema = require "lunette.schema"

local t = schema.t
local SECRET = "hush-hush"


-- Everything that a table can be made to say.
local function all_texts(value, out)
  out = out or {}
  if type(value) == "table" then
    for key, inner in pairs(value) do
      out[#out + 1] = tostring(key)
      all_texts(inner, out)
    end
  else
    out[#out + 1] = tostring(value)
  end
  return table.concat(out, "\n")
end


describe("a secret", function()
  local types = {
    { "too long", t.secret { max = 3 }, SECRET },
    { "in place of a list of secrets", t.list { t.secret() }, SECRET },
    { "too long, in a list", t.list { t.secret { max = 3 } }, { SECRET } },
    { "in place of a map of secrets", t.map { t.secret() }, SECRET },
    { "too long, in a map", t.map { t.secret { max = 3 } }, { key = SECRET } },
    { "in place of a record with one", t.record { { key = t.secret() } }, SECRET },
    { "too long, in a record", t.record { { key = t.secret { max = 3 } } }, { key = SECRET } },
    { "in place of a list of records", t.list { t.record { { key = t.secret() } } }, SECRET },
  }
  for _, case in ipairs(types) do
    it(case[1] .. " is not in the message", function()
      local conf, errors = schema.check({ key = case[2] }, { key = case[3] }, "p")
      assert.is_nil(conf)
      local text = all_texts(errors)
      assert.falsy(text:find(SECRET, 1, true), text)
      assert.truthy(text:find("***", 1, true), text)
    end)
  end

  it("in a URL is not in the message that refuses it", function()
    for _, url in ipairs {
      "http//usr:hush-hush@a/", "http://a b/?token=hush-hush", "//usr:hush-hush@a", "a#hush-hush",
    } do
      local _, errors = schema.check({ url = t.url() }, { url = url }, "p")
      local said = all_texts(errors)
      assert.falsy(said:find(SECRET, 1, true), said)
      assert.truthy(said:find("***", 1, true), said)
    end
  end)

  it("as a default is in no document", function()
    local fields = {
      one = t.secret { default = SECRET },
      list = t.list { t.secret(), default = { SECRET } },
      record = t.record { { key = t.secret() }, default = { key = SECRET } },
      plain = t.string { default = "seen" },
    }
    assert.falsy(all_texts(schema.rows(fields)):find(SECRET, 1, true))
    assert.falsy(all_texts(schema.json(fields)):find(SECRET, 1, true))
    assert.truthy(all_texts(schema.rows(fields)):find("seen", 1, true))
    assert.equal(SECRET, schema.check(fields, {}, "p").one)
  end)
end)
