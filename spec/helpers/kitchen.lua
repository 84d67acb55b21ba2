-- SPDX-License-Identifier: Apache-2.0
-- Recipes of docs/cookbook in the small world of specs: the files of one, written down and loaded.

local cookbook = require "spec.helpers.cookbook"
local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local M = {}


-- Writes files and gives the routes of `routes` with that gateway.yaml.
function M.load(all, yaml, routes)
  for name, text in pairs(all) do files.write(name, text) end
  gate.plugins(files.folder() .. "/plugins")
  return gate.routes { yaml = (yaml:gsub("\nroutes: [^\n]*", "")), routes = files.folder() .. "/" .. routes }
end


-- The routes of a recipe, with the services of the first page.
function M.recipe(title)
  gate.reset()
  local recipe = cookbook.recipe(title)
  return M.load(recipe.files, recipe.files["gateway.yaml"] or cookbook.common()["gateway.yaml"], "routes.lua")
end


function M.tidy()
  files.clean()
  gate.reset()
end


return M
