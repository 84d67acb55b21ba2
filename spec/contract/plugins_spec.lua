-- SPDX-License-Identifier: Apache-2.0
-- What every standard plugin has: a version, a sentence for itself and for each setting, a spec, its reference.

local docs = require "lunette.docs"
local files = require "spec.helpers.files"
local schema = require "lunette.schema"

local paths = {}
local listing = io.popen("ls plugins/*.lua")
for path in listing:lines() do paths[#paths + 1] = path end
listing:close()


it("there are standard plugins", function() assert.is_true(#paths >= 3) end)


for _, path in ipairs(paths) do
  describe(path, function()
    local text = files.read(path)
    local name = path:match("([^/]+)%.lua$")
    local found = docs.describe { path = path, text = text }

    it("is named like its file", function() assert.equal(name, found.name) end)

    it("begins with the licence", function()
      assert.truthy(text:find("^%-%- SPDX%-License%-Identifier: Apache%-2%.0\n"))
    end)

    it("says in one sentence what it does", function()
      assert.truthy(found.summary:find("^%u.+%.$"), found.summary)
    end)

    it("has a version and asks for this API", function()
      assert.truthy(found.about.version:find("^%d+%.%d+%.%d+$"))
      assert.equal(1, found.about.api)
    end)

    it("has a sound schema", function() assert.equal(found.about.schema, schema.define(found.about.schema)) end)

    it("has a sentence for every setting", function()
      for _, row in ipairs(schema.rows(found.about.schema)) do
        assert.truthy((row.help or ""):find("^%u.+%.$"), ("%s: %s"):format(row.name, tostring(row.help)))
      end
    end)

    it("has a JSON Schema", function()
      assert.is_table(schema.json(found.about.schema).properties)
    end)

    it("has a spec", function() assert.is_string(files.read("spec/plugins/" .. name .. "_spec.lua")) end)

    it("is in the reference", function()
      assert.truthy(files.read("docs/reference/plugins.md"):find("\n## " .. name .. "\n", 1, true))
    end)
  end)
end


describe("the generated reference", function()
  local HOW = "run: luajit -e 'package.path = \"lua/?.lua;\" .. package.path; require(\"lunette.docs\").write()'"

  it("of the plugins is up to date", function()
    assert.is_true(docs.plugins() == files.read("docs/reference/plugins.md"), HOW)
  end)

  it("of the Lua API is up to date", function()
    assert.is_true(docs.lua_api() == files.read("docs/reference/lua-api.md"), HOW)
  end)
end)
