-- SPDX-License-Identifier: Apache-2.0
-- The reference pages: what is made of a plugin's file.

local docs = require "lunette.docs"

local function source(body, comment)
  return {
    path = "plugins/demo.lua",
    text = "-- SPDX-License-Identifier: Apache-2.0\n" .. (comment or "-- Does this and that.\n") .. body,
  }
end

local DEMO = source [[
local demo = plugin "demo" {
  version = "1.2.3", api = 1,
  schema = {
    b = t.string { required = true, help = "One | other." },
    a = t.integer { default = 3, max = 9 },
  },
}
function demo:request() end
function demo:log() end
return demo
]]


describe("a plugin's section", function()
  local page = docs.plugins { DEMO }

  it("begins with its name and its sentence", function()
    assert.truthy(page:find("\n## demo\n\nDoes this and that.\n", 1, true))
  end)

  it("has a row for each setting, sorted", function()
    local a, b = page:find("| `a` | an integer of at most 9 | `3` |  |", 1, true), page:find("| `b` | ", 1, true)
    assert.is_true(a ~= nil and b ~= nil and a < b)
  end)

  it("says what is required", function()
    assert.truthy(page:find("| `b` | a string | required |", 1, true))
  end)

  it("keeps a bar from ending a cell", function() assert.truthy(page:find("One \\| other.", 1, true)) end)

  it("names version and handlers", function()
    assert.truthy(page:find("Version 1.2.3, lunette API 1; handlers: `request`, `log`.", 1, true))
  end)

  it("says so when there are no settings", function()
    local bare = docs.plugins { source 'return plugin "demo" { version = "1", api = 1 }\n' }
    assert.truthy(bare:find("It has no settings of its own.", 1, true))
  end)

  it("needs a sentence at the top of the file", function()
    assert.has_error(function()
      docs.plugins { source('return plugin "demo" { version = "1", api = 1 }\n', "") }
    end, "plugins/demo.lua: the file begins with a comment, one sentence of what the plugin does")
  end)

  it("needs a plugin in the file", function()
    assert.has_error(function() docs.plugins { source "return 1\n" } end, "plugins/demo.lua: no plugin in this file")
  end)
end)


describe("the page of the Lua API", function()
  local api = require "lunette.api_doc"
  local page = docs.lua_api()

  it("has every object and every name", function()
    for _, object in ipairs(api.objects) do
      assert.truthy(page:find("\n## " .. object.title .. "\n", 1, true), object.title)
      for _, row in ipairs(object.rows) do
        assert.truthy(page:find("| `" .. row[1]:gsub("|", "\\|") .. "` |", 1, true), row[1])
      end
    end
  end)

  it("has a type and a sentence for every name, and each name once", function()
    for _, object in ipairs(api.objects) do
      local seen = {}
      for _, row in ipairs(object.rows) do
        assert.is_true(#row[2] > 0, row[1])
        assert.truthy(row[3]:find("^[%u`].+%.$"), row[3])
        assert.is_nil(seen[row[1]])
        seen[row[1]] = true
      end
    end
  end)

  it("has a type for editors for every name", function()
    local editor = require "lunette.editor"
    for _, object in ipairs(api.objects) do
      for _, row in ipairs(object.rows) do
        if object.kind ~= "types" then assert.is_truthy(editor.type(row)) end
      end
    end
  end)

  it("describes every type of setting and no other", function()
    local described = {}
    for _, object in ipairs(api.objects) do
      if object.name == "t" then
        for _, row in ipairs(object.rows) do described[#described + 1] = row[1] end
      end
    end
    table.sort(described)
    assert.same(require("lunette.schema").kinds(), described)
  end)
end)
