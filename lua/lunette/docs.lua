-- SPDX-License-Identifier: Apache-2.0
-- docs.lua - the reference pages that are made from code: plugins from their schemas, the Lua API from api_doc.lua.
--
-- The pages in docs/reference are what write() makes; a spec compares them:
--   luajit -e 'package.path = "lua/?.lua;" .. package.path; require("lunette.docs").write()'

local auth_settings = require "lunette.auth_settings"
local limits_settings = require "lunette.limits_settings"
local schema = require "lunette.schema"

local M = {}

local HANDLERS = { "init", "request", "response", "body", "log", "close" }

local MADE = "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
  .. "<!-- Made from the code by lua/lunette/docs.lua: change it there. -->\n"


local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end


-- The standard plugins as { path, text } in the order of their names: those in the binary, else those of the tree.
local function standard_sources()
  local sources = {}
  local has_host, host = pcall(require, "lunette.host")
  if has_host then
    local names = host.embedded_names("plugins/")
    table.sort(names)
    for i, path in ipairs(names) do sources[i] = { path = path, text = host.embedded(path) } end
    return sources
  end
  local listing = assert(io.popen("ls plugins/*.lua"))
  for path in listing:lines() do sources[#sources + 1] = { path = path, text = read_file(path) } end
  listing:close()
  return sources
end


-- The first comment of the file.
local function summary_of(bytes)
  return bytes:gsub("^%-%- SPDX[^\n]*\n", ""):match("^%-%- ([^\n]+)")
end


-- What a plugin file says of itself. Only its top level runs, which needs no more than `plugin`, `t` and the settings
-- that sisters share.
function M.describe(source)
  local found
  local env = setmetatable({
    t = schema.t,
    auth = auth_settings,
    limits = limits_settings,
    plugin = function(name)
      return function(about)
        found = { name = name, about = about, prototype = {} }
        return found.prototype
      end
    end,
  }, { __index = _G })
  local chunk = assert(loadstring(source.text, "@" .. source.path))
  setfenv(chunk, env)()
  assert(found, source.path .. ": no plugin in this file")
  found.path = source.path
  found.summary = summary_of(source.text)
  assert(found.summary, source.path .. ": the file begins with a comment, one sentence of what the plugin does")
  return found
end


-- One cell of a table: a bar would end it.
local function cell(text)
  return (text:gsub("|", "\\|"):gsub("\n", " "))
end


local function settings_table(out, rows)
  if #rows == 0 then
    out[#out + 1] = "It has no settings of its own.\n"
    return
  end
  out[#out + 1] = "| Setting | Expects | Default | Meaning |\n|---|---|---|---|\n"
  for _, row in ipairs(rows) do
    local default = row.required and "required" or row.default and "`" .. row.default .. "`" or "none"
    out[#out + 1] = ("| `%s` | %s | %s | %s |\n"):format(
      row.name, cell(row.expects), cell(default), cell(row.help or ""))
  end
end


local function handlers_of(prototype)
  local names = {}
  for _, name in ipairs(HANDLERS) do
    if prototype[name] then names[#names + 1] = "`" .. name .. "`" end
  end
  return table.concat(names, ", ")
end


local function plugin_section(out, found)
  out[#out + 1] = ("\n## %s\n\n%s\n\n"):format(found.name, found.summary)
  settings_table(out, schema.rows(found.about.schema or {}))
  out[#out + 1] = ("\nVersion %s, lunette API %d; handlers: %s. Source: `%s`.\n"):format(
    found.about.version, found.about.api, handlers_of(found.prototype), found.path)
end


local function plugin_page(found)
  local out = { ("<!-- Made by `lunette docs %s`. -->\n"):format(found.name) }
  plugin_section(out, found)
  out[#out + 1] = "\nEvery plugin also takes `name`, `on_error` and `when`.\n"
  return (table.concat(out):gsub("\n## ", "\n# ", 1))
end


-- The page of one plugin as lunette.plugins has loaded it.
function M.plugin(p)
  local found = {
    name = p.name, path = p.path, prototype = p.methods,
    about = { version = p.version, api = p.api, schema = p.schema }, summary = summary_of(p.bytes) or "",
  }
  return plugin_page(found)
end


-- ... and of one that is not loaded: { path, text }.
function M.plugin_of_source(source)
  return plugin_page(M.describe(source))
end


local function reserved_section(out)
  out[#out + 1] = "\n## Settings of every plugin\n\n| Setting | Meaning |\n|---|---|\n"
  for _, name in ipairs { "name", "on_error", "when" } do
    out[#out + 1] = ("| `%s` | %s |\n"):format(name, cell(schema.reserved[name]))
  end
end


-- docs/reference/plugins.md. `sources` is a list of { path, text }; without it, the standard plugins.
function M.plugins(sources)
  local out = { MADE, "\n# Plugins\n\n" }
  out[#out + 1] = "The standard plugins and their settings. In a routes file: "
    .. "`use \"rate-limit\" { rate = \"100/s\" }`; "
    .. "in `gateway.yaml`: `- rate-limit: { rate: 100/s }` in the list `plugins` of a service. "
    .. "How to write one: [plugins.md](../plugins.md).\n"
  for _, source in ipairs(sources or standard_sources()) do plugin_section(out, M.describe(source)) end
  reserved_section(out)
  return table.concat(out)
end


local function api_rows(out, object)
  out[#out + 1] = "| Name | Type | Meaning |\n|---|---|---|\n"
  for _, row in ipairs(object.rows) do
    local since = row.since or object.since or 1
    local came = since > 1 and (" Since API %d."):format(since) or ""
    out[#out + 1] = ("| `%s` | %s | %s |\n"):format(cell(row[1]), cell(row[2]), cell(row[3]) .. came)
  end
end


-- docs/reference/lua-api.md, from the descriptions in api_doc.lua.
function M.lua_api()
  local doc = require "lunette.api_doc"
  local out = { MADE, ("\n# The Lua API, version %d\n\n%s\n"):format(doc.version, doc.intro) }
  for _, object in ipairs(doc.objects) do
    out[#out + 1] = ("\n## %s\n\n%s\n\n"):format(object.title, object.about)
    api_rows(out, object)
  end
  return table.concat(out)
end


local STDS = "(%-%- begin: [^\n]*\n).*(%-%- end\n)"


-- The luacheck settings `text` with the stds of plugins and routes files between its marks as the description says them.
function M.luacheckrc(text)
  local stds = require("lunette.editor").luacheck_stds()
  local made, n = text:gsub(STDS, function(first, last) return first .. stds .. last end)
  assert(n == 1, "the luacheck settings have no lines `-- begin: ...` and `-- end`")
  return made
end


-- Writes both pages below `folder` (default docs/reference).
function M.write(folder)
  folder = folder or "docs/reference"
  for name, make in pairs { ["plugins.md"] = M.plugins, ["lua-api.md"] = M.lua_api } do
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(make())
    file:close()
  end
end


return M
