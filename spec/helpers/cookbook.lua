-- SPDX-License-Identifier: Apache-2.0
-- The recipes of docs/cookbook: their blocks of code, by the name of the file that each one is.
--
--   local recipe = cookbook.recipe "A/B test"
--   recipe.files["routes.lua"], recipe.plugins["visitor"], recipe.page, recipe.text

local M = { pages = { "routing", "access", "content", "running" } }

local root = debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../"

local function read(page)
  local file = assert(io.open(("%sdocs/cookbook/%s.md"):format(root, page), "rb"))
  local text = file:read("*a")
  file:close()
  return text
end


-- Every block that begins with a comment with a file's name: { name = text }.
local function files_of(text)
  local files = {}
  for block in text:gmatch("\n```%l+\n(.-\n)```") do
    local name = block:match("^[-#]+ ([%w_./-]+%.%w+)\n")
    if name then files[name] = block end
  end
  return files
end


-- What the recipes have in common: the files of the first page.
function M.common()
  return files_of(read "README")
end


-- The text of the first page.
function M.index()
  return read "README"
end


-- All of them, in order.
function M.all()
  local list = {}
  for _, page in ipairs(M.pages) do
    for title, text in (read(page):gsub("\n## ", "\n\1") .. "\1"):gmatch("\1([^\n]+)(\n[^\1]*)") do
      local files, plugins = files_of(text), {}
      for name, block in pairs(files) do
        local plugin = name:match("^plugins/(.*)%.lua$")
        if plugin then plugins[plugin] = block end
      end
      list[#list + 1] = { title = title, page = page, text = text, files = files, plugins = plugins }
    end
  end
  return list
end


-- One of them.
function M.recipe(title)
  for _, recipe in ipairs(M.all()) do
    if recipe.title == title then return recipe end
  end
  error("docs/cookbook has no recipe " .. title, 2)
end


return M
