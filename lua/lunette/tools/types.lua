-- SPDX-License-Identifier: Apache-2.0
-- tools/types.lua - `lunette types [DIR] [--force]`: what editors and linters know of the Lua API, in a user's project.
--
-- Writes .luarc.json and a library for LuaLS, and .luacheckrc. A file that is there and differs is kept, unless --force.

local editor = require "lunette.editor"
local files = require "lunette.tools.files"

local M = {}

local LIBRARY = ".lunette/library"

local LUARC = [[
{
  "runtime.version": "LuaJIT",
  "workspace.library": ["%s"],
  "workspace.checkThirdParty": false,
  "diagnostics.globals": [
    "describe", "it", "pending", "setup", "teardown", "lazy_setup", "lazy_teardown", "before_each", "after_each",
    "spy", "stub", "mock", "finally", "insulate", "expose"
  ],
  "diagnostics.disable": ["redundant-parameter"]
}
]]

local LUACHECK = [[
-- luacheck settings for plugins, routes and specs of lunette: made by `lunette types`.
std = "luajit"
max_line_length = 120
max_comment_line_length = 130
exclude_files = { ".lunette" }
unused_args = false -- handlers are given more than most of them need

%s
files["plugins"] = { std = "lunette_plugin" }
files["routes.lua"] = { std = "lunette_routes" }
files["routes"] = { std = "lunette_routes" }
files["**/routes/**/*.lua"] = { std = "lunette_routes" }
files["spec"] = { std = "luajit+busted" }
]]


-- The files by path.
local function made()
  local found = { [".luarc.json"] = LUARC:format(LIBRARY), [".luacheckrc"] = LUACHECK:format(editor.luacheck_stds()) }
  for path, text in pairs(editor.library()) do found[LIBRARY .. "/" .. path] = text end
  return found
end


local function sorted(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return names
end


-- Writes one file, or says why not. False: it was kept although it differs, or could not be written.
local function write(path, text, force)
  local there = files.read(path)
  if there == text then
    io.stdout:write("unchanged  ", path, "\n")
    return true
  end
  if files.exists(path) and not force then
    io.stdout:write("kept       ", path, ": it is there already, and differs; --force writes it anew\n")
    return false
  end
  local ok, why = files.write(path, text)
  if not ok then
    io.stderr:write("lunette types: ", why, "\n")
    return false
  end
  io.stdout:write("wrote      ", path, "\n")
  return true
end


function M.main(args)
  local folder, force = ".", false
  for _, word in ipairs(args) do
    if word == "--force" then force = true else folder = word end
  end
  if not files.exists(folder) then
    io.stderr:write("lunette types: there is no folder ", folder, "\n")
    return 1
  end
  local contents, good = made(), true
  for _, path in ipairs(sorted(contents)) do
    if not write(files.join(folder, path), contents[path], force) then good = false end
  end
  return good and 0 or 1
end


return M
