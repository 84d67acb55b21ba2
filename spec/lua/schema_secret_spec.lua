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

  describe("in a file", function()
    local words = {
      ["a.txt"] = SECRET .. "\n", ["crlf.txt"] = SECRET .. "\r\n", ["bare.txt"] = SECRET,
      ["two.txt"] = SECRET .. "\n\n", ["empty.txt"] = "\n",
    }
    local env = { read = function(path) return words[path], ("cannot read %s: No such file"):format(path) end }

    local function check(kind, value) return schema.check({ key = kind }, { key = value }, "p", env) end

    it("is what the file has, without a line end behind it", function()
      for _, name in ipairs { "a.txt", "crlf.txt", "bare.txt" } do
        assert.equal(SECRET, check(t.secret(), "file:" .. name).key)
      end
      assert.equal(SECRET .. "\n", check(t.secret(), "file:two.txt").key)
      local some = check(t.map { t.secret() }, { one = "file:a.txt", two = "plain" }).key
      assert.same({ one = SECRET, two = "plain" }, some)
      assert.equal("redis://h", check(t.secret(), "redis://h").key)
    end)

    it("is judged like any other, and not shown", function()
      for name, why in pairs {
        ["a.txt"] = "key: expected a secret of at most 3 characters, got *** (string)",
        ["none.txt"] = "key: cannot read none.txt: No such file",
        ["empty.txt"] = 'key: "empty.txt" has no secret in it',
        [""] = 'key: expected "file:" and the path of a file with a secret',
        ["a\0b"] = 'key: expected "file:" and the path of a file with a secret',
      } do
        local conf, errors = check(t.secret { max = 3 }, "file:" .. name)
        assert.is_nil(conf)
        assert.same({ why }, errors)
      end
    end)

    it("is not read where there are no files", function()
      assert.equal("file:a.txt", schema.check({ key = t.secret { min = 90 } }, { key = "file:a.txt" }, "p").key)
    end)
  end)

  it("is no name of a variable, which everybody knows", function()
    for _, value in ipairs { "${JWT_SECRET}", "${JWT_SECRET:-hush}" } do
      local conf, errors = schema.check({ key = t.secret() }, { key = value }, "p")
      assert.is_nil(conf)
      assert.same({ 'key: expected a secret, got the name of a variable; in a routes file it is env("NAME")' }, errors)
    end
    assert.equal("a${b}", schema.check({ key = t.secret() }, { key = "a${b}" }, "p").key)
  end)

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
