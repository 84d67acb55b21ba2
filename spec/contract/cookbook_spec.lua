-- SPDX-License-Identifier: Apache-2.0
-- docs/cookbook as a whole: every recipe is complete, loads without a warning, is on the first page, and is proved.

local cookbook = require "spec.helpers.cookbook"
local kitchen = require "spec.helpers.kitchen"
local gate = require "lunette.spec"

local SPECS = { "routing", "access", "content", "running" }

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end


local function anchor(title)
  return (title:lower():gsub("[^%w -]", ""):gsub(" ", "-"))
end


describe("docs/cookbook", function()
  after_each(kitchen.tidy)

  local recipes, index, proofs = cookbook.all(), cookbook.index(), ""
  for _, name in ipairs(SPECS) do proofs = proofs .. read(("spec/contract/cookbook/%s_spec.lua"):format(name)) end

  it("has at least twenty recipes", function() assert.is_true(#recipes >= 20) end)

  it("begins with two configurations that work together", function()
    local common = cookbook.common()
    assert.truthy(common["gateway.yaml"])
    local routes = kitchen.load(common, common["stand-in.yaml"], "stand-in.lua")
    local out = routes:request("POST /x?a=1", { body = "text", headers = { A = "b" }, listener = "shop" })
    local said = out:json()
    assert.same({ "shop", "POST", "/x", "a=1", "b", "text" },
      { said.service, said.method, said.path, said.query, said.headers.A, said.body })
  end)

  for _, recipe in ipairs(recipes) do
    describe(recipe.title, function()
      it("loads without a warning", function()
        assert.equal("", kitchen.recipe(recipe.title).warnings)
        local used = recipe.files["routes.lua"]
        for name in pairs(recipe.plugins) do assert.truthy(used:find(('use "%s"'):format(name), 1, true)) end
      end)

      it("says what for, how to try it, and what to watch out for", function()
        local purpose = recipe.text:match("^\n\n(.-)\n\n```")
        assert.truthy(purpose and purpose:find("^%u.*%.$"), purpose)
        assert.truthy(recipe.text:find("\n```sh\n.-\n```"))
        assert.truthy(recipe.text:find("\n**Watch out.** ", 1, true))
      end)

      it("is on the first page, and in a spec", function()
        local link = ("](%s.md#%s)"):format(recipe.page, anchor(recipe.title))
        assert.truthy(index:find(link, 1, true), link)
        assert.truthy(proofs:find(('describe("%s'):format(recipe.title), 1, true))
      end)
    end)
  end

  it("has settings with help in every plugin", function()
    for _, recipe in ipairs(recipes) do
      kitchen.recipe(recipe.title)
      for name in pairs(recipe.plugins) do
        for line in gate.docs(name):gmatch("[^\n]+") do
          assert.is_nil(line:find("^| `[^|]+|[^|]+|[^|]+| *|$"), name .. ": " .. line)
        end
      end
      kitchen.tidy()
    end
  end)
end)
