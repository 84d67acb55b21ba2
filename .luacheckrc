-- SPDX-License-Identifier: Apache-2.0
-- luacheck settings: which names each kind of Lua file may read.
std = "luajit"
max_line_length = 120
max_comment_line_length = 130
unused_args = false

local objects = { "json", "log", "store", "crypto", "sleep", "time", "hostname" }
local routes = { "service", "get", "post", "put", "patch", "delete", "head", "options", "any", "group", "use", "env", "include" }

local plugin_names = { "plugin", "t" }
local route_names = {}
for _, name in ipairs(objects) do
  plugin_names[#plugin_names + 1] = name
  route_names[#route_names + 1] = name
end
for _, name in ipairs(routes) do route_names[#route_names + 1] = name end

stds.lunette_plugin = { read_globals = plugin_names }
stds.lunette_routes = { read_globals = route_names }

files["plugins"] = { std = "lua51+lunette_plugin" }
files["conf/**/*.lua"] = { std = "lua51+lunette_routes" }
files["spec"] = { std = "luajit+busted" }
files["spec/fixtures/plugins"] = { std = "lua51+lunette_plugin" }
files["spec/fixtures/routes"] = { std = "lua51+lunette_routes" }
files["lua/lunette/api_doc.lua"] = { max_line_length = false } -- a table of sentences
