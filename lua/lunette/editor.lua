-- SPDX-License-Identifier: Apache-2.0
-- editor.lua - what editors and linters know about the Lua API: the LuaLS library and the luacheck std, made from api_doc.lua.

local doc = require "lunette.api_doc"

local M = {}

-- What the second word of a row means where it is not a LuaLS type itself.
local SIMPLE = {
  string = "string", integer = "integer", number = "number", boolean = "boolean", table = "table", value = "any",
  ["list of strings"] = "string[]", size = "string|integer", duration = "string|number", ["function"] = "function",
}

local class_of = {}
for _, object in ipairs(doc.objects) do class_of[object.name] = object.class end
class_of.service, class_of.use, class_of.args, class_of.cookies =
  "lunette.Service", "lunette.Use", "lunette.Values", "lunette.Values"


-- The LuaLS type of a phrase such as "string or nil, settable"; nil when it says more than that.
local function simple(phrase)
  local plain = phrase:gsub(", settable$", "")
  local kind, optional = plain:match("^(.-) or nil$"), "?"
  if not kind then kind, optional = plain, "" end
  local found = SIMPLE[kind] or class_of[kind]
  return found and found .. optional
end


-- The name that a row is about: of "take(key, cost)" it is take.
function M.name(row)
  return row[1]:match("^[%a_][%w_]*")
end


-- The LuaLS type of a row; nil and what is missing when it cannot be told.
function M.type(row)
  if row.lua then return row.lua end
  local parameters = row[1]:match("^[%w_]+(%b())$")
  if not parameters then
    local found = simple(row[2])
    if found then return found end
  elseif parameters == "()" then
    local results = {}
    if row[2] == "nothing" then return "fun()" end
    for part in (row[2] .. ", "):gmatch("(.-), ") do results[#results + 1] = simple(part) or false end
    for _, result in ipairs(results) do
      if not result then results = nil break end
    end
    if results then return "fun(): " .. table.concat(results, ", ") end
  end
  return nil, ('%s: say its type for editors, such as lua = "fun(key: string): boolean"'):format(row[1])
end


local function type_of(row)
  return assert(M.type(row))
end


-- Cuts at the commas that are inside of no brackets.
local function pieces(text)
  local list, depth, from = {}, 0, 1
  for at = 1, #text do
    local c = text:sub(at, at)
    if c:find("[%(%[{<]") then
      depth = depth + 1
    elseif c:find("[%)%]}>]") then
      depth = depth - 1
    elseif c == "," and depth == 0 then
      list[#list + 1] = text:sub(from, at - 1)
      from = at + 1
    end
  end
  list[#list + 1] = text:sub(from)
  for i, piece in ipairs(list) do list[i] = piece:match("^%s*(.-)%s*$") end
  if list[#list] == "" then list[#list] = nil end
  return list
end


-- Takes "fun(a: string, b?: number): boolean" apart; nil when it is no function.
local function signature(lua)
  local parameters, rest = lua:match("^fun(%b())(.*)$")
  if not parameters then return nil end
  local found = { names = {}, lines = {} }
  for _, piece in ipairs(pieces(parameters:sub(2, -2))) do
    local name, kind = piece:match("^([%w_%.]+%??):%s*(.+)$")
    assert(name, "no parameter: " .. piece)
    found.names[#found.names + 1] = (name:gsub("%?$", ""))
    found.lines[#found.lines + 1] = ("---@param %s %s"):format(name, kind)
  end
  for _, result in ipairs(pieces((rest:gsub("^:%s*", "")))) do
    found.lines[#found.lines + 1] = "---@return " .. result
  end
  return found
end


local function say(out, format, ...)
  out[#out + 1] = format:format(...) .. "\n"
end


local function sentence(out, text)
  say(out, "---%s", (text:gsub("\n", " ")))
end


-- `owner` is "Request:", "json." or "".
local function function_block(out, owner, row, lua)
  local found = signature(lua)
  say(out, "")
  sentence(out, row[3])
  for _, line in ipairs(found.lines) do say(out, "%s", line) end
  say(out, "function %s%s(%s) end", owner, M.name(row), table.concat(found.names, ", "))
end


local function field(out, name, lua, text)
  say(out, "---@field %s %s%s", name, lua, text and " " .. text:gsub("\n", " ") or "")
end


local function class_fields(out, object, skip_functions)
  for _, row in ipairs(object.rows) do
    local lua = type_of(row)
    local key, kind = lua:match("^(%[%w+%]): (.+)$")
    if key then
      field(out, key, kind, row[3])
    elseif not (skip_functions and lua:find("^fun")) then
      field(out, M.name(row), lua, row[3])
    end
  end
end


local function methods(out, object, owner)
  for _, row in ipairs(object.rows) do
    local lua = type_of(row)
    if lua:find("^fun") then function_block(out, owner, row, lua) end
  end
end

local render = {}


function render.object(out, object)
  local variable = object.class:match("[%w_]+$")
  say(out, "---@class %s", object.class)
  class_fields(out, object, true)
  say(out, "local %s = {}", variable)
  methods(out, object, variable .. ":")
end


function render.library(out, object)
  say(out, "---@class lunette.%s", object.name)
  class_fields(out, object, true)
  say(out, "%s = {}", object.name)
  methods(out, object, object.name .. ".")
end


function render.globals(out, object)
  for _, row in ipairs(object.rows) do
    local lua = type_of(row)
    if lua:find("^fun") then
      function_block(out, "", row, lua)
    else
      say(out, "")
      sentence(out, row[3])
      say(out, "---@type %s", lua)
      say(out, "%s = nil", M.name(row))
    end
  end
end


-- A table that the author writes: every field may be missing.
function render.form(out, object)
  say(out, "---@class %s", object.class)
  for _, row in ipairs(object.rows) do field(out, M.name(row) .. "?", type_of(row), row[3]) end
  if object.items then field(out, "[integer]", object.items) end
end


function render.handlers(out, object)
  say(out, "---@class %s", object.class)
  field(out, "conf", "table<string, any>", "The settings of this use, checked.")
  field(out, "name", "string", "The name of this use in logs.")
  field(out, "[string]", "any", "What the plugin keeps.")
  for _, row in ipairs(object.rows) do field(out, M.name(row) .. "?", type_of(row), row[3]) end
  say(out, "\n---The plugin of this file, named like it.\n---@param name string")
  say(out, "---@return fun(parts: lunette.PluginParts): %s\nfunction plugin(name) end", object.class)
end


function render.types(out, object)
  say(out, "---@class lunette.%s", object.name)
  say(out, "%s = {}", object.name)
  for _, row in ipairs(object.rows) do
    say(out, "")
    sentence(out, row[3])
    say(out, "---@param options? table\n---@return lunette.Type")
    say(out, "function %s.%s(options) end", object.name, row[1])
  end
end


-- What `require` gives. The table itself is in the file of that module, see M.luals_module.
function render.module(out, object)
  local variable = object.class:match("[%w_]+$")
  say(out, "---@class %s", object.class)
  class_fields(out, object, true)
  say(out, "local %s = {}", variable)
  methods(out, object, variable .. ".")
end


local function extra_classes(out)
  local names = {}
  for name in pairs(doc.classes) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local class = doc.classes[name]
    say(out, "\n---@class %s", name)
    for _, row in ipairs(class) do field(out, row[1], row[2], row[3]) end
    if class.call then say(out, "---@overload %s", class.call) end
  end
end


-- The LuaLS library, one file of annotations.
function M.luals()
  local out = {}
  say(out, "---@meta\n-- SPDX-License-Identifier: Apache-2.0")
  say(out, "-- The Lua API of lunette, version %d, for editors: made by `lunette types`.", doc.version)
  for _, object in ipairs(doc.objects) do
    say(out, "\n-- ---- %s ----\n", object.title)
    render[object.kind](out, object)
  end
  extra_classes(out)
  return table.concat(out)
end


-- The files of the LuaLS library: path -> text. A module has a file of its own, where `require` looks for it.
function M.library()
  local found = { ["lunette.lua"] = M.luals() }
  for _, object in ipairs(doc.objects) do
    if object.kind == "module" then
      local path = object.module:gsub("%.", "/") .. ".lua"
      found[path] = ("---@meta %s\n-- SPDX-License-Identifier: Apache-2.0\n\n---@type %s\nlocal module\n"
        .. "return module\n"):format(object.module, object.class)
    end
  end
  return found
end


-- ---- luacheck ----

local function seen_in(object, scope)
  if object.scope then return object.scope == scope end
  return scope ~= "specs"
end


-- Writes words behind one another, in lines of at most 120 columns.
local function wrap(out, indent, words)
  local line = indent
  for _, word in ipairs(words) do
    if #line + #word + 2 > 120 then
      say(out, "%s", line)
      line = indent
    end
    line = line .. (line == indent and "" or " ") .. word .. ","
  end
  say(out, "%s", line)
end


local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end


-- The globals of one kind of file: name -> list of its fields, or true when it has none to know.
function M.globals(scope)
  local found = {}
  for _, name in ipairs(doc.base.names) do found[name] = true end
  for name, fields in pairs(doc.base.libraries) do
    found[name] = {}
    for field_name in fields:gmatch("%S+") do table.insert(found[name], field_name) end
  end
  for _, object in ipairs(doc.objects) do
    if seen_in(object, scope) and object.kind == "globals" then
      for _, row in ipairs(object.rows) do found[M.name(row)] = true end
    elseif seen_in(object, scope) and (object.kind == "library" or object.kind == "types") then
      local fields = {}
      for _, row in ipairs(object.rows) do fields[#fields + 1] = M.name(row) end
      table.sort(fields)
      found[object.name] = fields
    end
  end
  if scope == "plugins" then found.plugin = true else found.require = nil end
  return found
end


local function std(out, name, scope)
  local globals, plain = M.globals(scope), {}
  for _, global in ipairs(sorted(globals)) do
    if globals[global] == true then plain[#plain + 1] = ("%q"):format(global) end
  end
  say(out, "stds.%s = { read_globals = {", name)
  wrap(out, "  ", plain)
  for _, global in ipairs(sorted(globals)) do
    if globals[global] ~= true then
      local fields = {}
      for i, field_name in ipairs(globals[global]) do fields[i] = field_name .. " = {}" end
      say(out, "  %s = { fields = {", global)
      wrap(out, "    ", fields)
      say(out, "  } },")
    end
  end
  say(out, "} }")
end


-- The luacheck stds of plugins and of routes files.
function M.luacheck_stds()
  local out = {}
  std(out, "lunette_plugin", "plugins")
  std(out, "lunette_routes", "routes")
  return table.concat(out)
end


return M
