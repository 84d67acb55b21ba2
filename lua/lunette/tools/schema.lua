-- SPDX-License-Identifier: Apache-2.0
-- tools/schema.lua - `lunette schema`: JSON Schema of gateway.yaml with the settings of plugins, or of one plugin's settings.
--
-- The keys of the file come from the rows in core/conf (ln_conf_schema); the settings of plugins from their schemas. What YAML
-- lets stand for a value, a variable of the environment or on and off, is let stand here, too.

local host = require "lunette.host"
local json = require "lunette.json"
local plugins = require "lunette.plugins"
local schema = require "lunette.schema"
local text = require "lunette.schema_text"

local M = {}

local VARIABLE = { type = "string", pattern = "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}" }
local PLAIN = { boolean = true, integer = true, number = true }


-- With the keys in order, so that the same schema is the same text.
local function encode(value)
  if type(value) ~= "table" then return json.encode({ value }):sub(2, -2) end
  local parts = {}
  if #value > 0 then
    for i, one in ipairs(value) do parts[i] = encode(one) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for _, key in ipairs(text.sorted_keys(value)) do parts[#parts + 1] = encode(key) .. ":" .. encode(value[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end


local allow_variables

local function allow_in_each(map)
  local out = {}
  for name, node in pairs(map) do out[name] = allow_variables(node) end
  return out
end


-- What is bound to a form may come from the environment instead.
function allow_variables(node)
  if type(node) ~= "table" then return node end
  local out = {}
  for key, value in pairs(node) do out[key] = value end
  for _, key in ipairs { "properties", "anyOf" } do out[key] = node[key] and allow_in_each(node[key]) end
  for _, key in ipairs { "items", "additionalProperties" } do out[key] = allow_variables(node[key]) end
  if not (PLAIN[out.type] or out.enum or out.pattern) then return out end
  local bare = {}
  for key, value in pairs(out) do
    if key ~= "description" and key ~= "default" then bare[key] = value end
  end
  local any = { bare, VARIABLE }
  if out.type == "boolean" then any[3] = { enum = { "on", "off" } } end
  return { anyOf = any, description = out.description, default = out.default }
end


local function settings_of(p)
  local out = allow_variables(schema.json(p.schema))
  out["$schema"] = nil
  return out
end


local function one_plugin(name)
  local p, why = plugins.load(name)
  if not p then return nil, why end
  local out = settings_of(p)
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
  out.title = "settings of the plugin " .. name
  return encode(out) .. "\n"
end


-- Plugins that cannot be loaded are left out and told of.
local function whole_file()
  local all, broken = {}, {}
  for _, name in ipairs(plugins.names()) do
    local p, why = plugins.load(name)
    if p then
      all[name] = { anyOf = { settings_of(p), { type = "null" } } }
    else
      broken[#broken + 1] = why
    end
  end
  return host.spec.conf_schema(encode(all)), broken
end


-- args: the folder of plugins ("" = none), the name of a plugin or nothing.
function M.main(args)
  plugins.reset(args[1] ~= "" and args[1] or nil)
  local page, why
  if args[2] then
    page, why = one_plugin(args[2])
  else
    local broken
    page, broken = whole_file()
    for _, sentence in ipairs(broken) do io.stderr:write("lunette schema: left out: ", sentence, "\n") end
  end
  if not page then
    io.stderr:write("lunette schema: ", why, "\n")
    return 1
  end
  io.stdout:write(page)
  return 0
end


return M
