-- SPDX-License-Identifier: Apache-2.0
-- tools/docs.lua - `lunette docs PAGE`: the pages that Lua makes, and the settings of any plugin.

local docs = require "lunette.docs"
local plugins = require "lunette.plugins"
local text = require "lunette.schema_text"

local M = {}

local PAGES = { api = docs.lua_api, plugins = function() return docs.plugins() end }


-- The name may be the path of a plugin's file, too.
local function split(name)
  local folder, file = name:match("^(.*)/([^/]+)%.lua$")
  if not folder then return "plugins", (name:gsub("%.lua$", "")) end
  if file == "init" then return folder:match("^(.*)/([^/]+)$") end
  return folder, file
end


-- The page of one plugin as Markdown; nil and what is wrong with it.
function M.page(name)
  local folder, plugin = split(name)
  plugins.reset(folder or ".")
  local p, why = plugins.load(plugin)
  if not p then return nil, why end
  return docs.plugin(p)
end


function M.main(args)
  local page, why = args[1]
  if PAGES[page] then
    page = PAGES[page]()
  else
    page, why = M.page(page)
  end
  if not page then
    local pages = { "api", "directives", "example", "plugins" }
    io.stderr:write("lunette docs: ", why, text.hint(args[1], pages), "\n",
      "pages: directives, example, plugins, api, or the name or file of a plugin\n")
    return 1
  end
  io.stdout:write(page)
  return 0
end


return M
