-- SPDX-License-Identifier: Apache-2.0
-- schema.lua - what the settings of a plugin may be: types, checks, rows of the reference.
--
-- A schema is a table of setting name -> type; a type is made by a function of `schema.t`, such as
-- t.integer { default = 10, min = 1, help = "..." }. It is data: it validates and converts (check),
-- it becomes the settings table of the reference (rows) and a JSON Schema for editors (json).

local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local M = {}

-- Settings that every plugin has, whatever its schema says; the loader reads them.
M.reserved = {
  when = "a function of the request: the plugin takes part only where it gives true (Lua only)",
  on_error = 'what an error of the plugin costs: "fail" answers 500 (in body: cuts the response off), '
    .. '"skip" goes on without it',
  name = "the name of this use in logs",
  budget = "the CPU time that a handler may take, from `\"1ms\"` to `\"60s\"`; `lua.budget` where it is not said",
}

local COMMON = { required = true, default = true, help = true }

local Type = { __metatable = "type" } -- the metatable of types: nobody else can make one
local getmetatable = debug.getmetatable

local kinds = {}
for _, module in ipairs { "types", "units", "tree", "files", "ask" } do
  for name, kind in pairs(require("lunette.schema_" .. module).types) do kinds[name] = kind end
end

local State = {}
State.__index = State


local function new_state(env)
  return setmetatable({ errors = {}, env = env or {} }, State)
end


function State:add(path, sentence)
  self.errors[#self.errors + 1] = path .. ": " .. sentence
end


function State:ok()
  return #self.errors == 0
end


function State:noun(t)
  return kinds[t.kind].noun(t)
end


-- Is it a secret, or are there secrets in it?
local function is_hidden(t)
  if kinds[t.kind].hidden then return true end
  for _, child in pairs(t.kind == "record" and t[1] or t) do
    if type(child) == "table" and getmetatable(child) == Type and is_hidden(child) then return true end
  end
  return false
end


function State:expected(path, t, value, hint)
  local shown = is_hidden(t) and ("*** (%s)"):format(type(value)) or text.show(value)
  self:add(path, ("expected %s, got %s%s"):format(self:noun(t), shown, hint or ""))
end


function State:parse(t, value, path)
  return kinds[t.kind].parse(t, value, self, path)
end


function State:fits(t, value)
  local probe = new_state()
  probe:parse(t, value, "")
  return probe:ok()
end


-- The values of a table of types: settings at the top, a record below.
function State:fields(fields, given, path)
  local out = {}
  for _, name in ipairs(text.sorted_keys(given)) do
    if not fields[name] then
      local hint = text.hint(name, text.sorted_keys(fields))
      self:add(text.path(path, name), "unknown setting" .. hint)
    end
  end
  for _, name in ipairs(text.sorted_keys(fields)) do
    local t, value, at = fields[name], given[name], text.path(path, name)
    if value == nil then value = t.default end
    if value ~= nil then
      out[name] = self:parse(t, value, at)
    elseif t.required then
      self:add(at, ("required: expected %s"):format(self:noun(t)))
    end
  end
  return out
end


local function is_type(value)
  return getmetatable(value) == Type
end


-- nil, or what is wrong with a table of types.
local function fields_fault(fields)
  if type(fields) ~= "table" or is_type(fields) then
    return "expected a table of name = type, got " .. text.show(fields)
  end
  for _, name in ipairs(text.ordered_keys(fields)) do
    if type(name) ~= "string" or not name:find("^%l[%l%d_]*$") then
      local shown = type(name) == "string" and text.quote(name) or tostring(name)
      return ("%s: expected a name such as retry_after"):format(shown)
    end
    if not is_type(fields[name]) then
      local shown = text.show(fields[name])
      return ("%s: expected a type such as t.string {}, got %s"):format(name, shown)
    end
  end
end


local function options_fault(t, kind)
  local known = {}
  for name in pairs(COMMON) do known[#known + 1] = name end
  for name in pairs(kind.options) do known[#known + 1] = name end
  table.sort(known)
  for _, key in ipairs(text.ordered_keys(t)) do
    local position = type(key) == "number" and (kind.positions or (kind.children or 0) >= key)
    if key ~= "kind" and not position and not COMMON[key] and not kind.options[key] then
      key = tostring(key)
      return ("unknown option %s%s"):format(text.quote(key), text.hint(key, known))
    end
  end
  if t.help ~= nil and type(t.help) ~= "string" then
    return "help: expected a sentence, got " .. text.show(t.help)
  end
  if t.required ~= nil and type(t.required) ~= "boolean" then
    return "required: expected true or false, got " .. text.show(t.required)
  end
  if t.required and t.default ~= nil then return "a required setting has no use for a default" end
end


local function children_fault(t, kind)
  if kind.fields then return fields_fault(t[1]) end
  if not kind.children then return nil end
  if t[1] == nil then return "expected a type in first place, such as t.list { t.string() }" end
  for i = 1, #t do
    if not is_type(t[i]) then
      return ("place %d: expected a type such as t.string(), got %s"):format(i, text.show(t[i]))
    end
  end
end


local function bounds_fault(t, kind)
  if kind.define then return kind.define(t) end
  for _, side in ipairs { "min", "max" } do
    if t[side] ~= nil and type(t[side]) ~= "number" then
      return ("%s: expected a number, got %s"):format(side, text.show(t[side]))
    end
  end
  if t.min and t.max and t.min > t.max then return "min is greater than max" end
end


local function default_fault(t)
  if t.default == nil then return nil end
  local state = new_state()
  state:parse(t, t.default, "default")
  return state.errors[1]
end


-- The function that makes types of one kind. A mistake in a schema is an error at the line that
-- made it.
local function constructor(name, kind)
  return function(options)
    if options ~= nil and (type(options) ~= "table" or is_type(options)) then
      error(("t.%s: expected its options in a table, got %s"):format(name, text.show(options)), 2)
    end
    local t = {}
    for key, value in pairs(options or {}) do t[key] = value end
    t.kind = name
    if t.help == nil then t.help = kind.help end
    local fault = options and options.kind ~= nil and 'unknown option "kind"'
      or options_fault(t, kind) or children_fault(t, kind) or bounds_fault(t, kind)
      or default_fault(t)
    if fault then error(("t.%s: %s"):format(name, fault), 2) end
    return setmetatable(t, Type)
  end
end


local constructors = {}
for name, kind in pairs(kinds) do constructors[name] = constructor(name, kind) end


-- The type constructors. Plugins share this table, so it can only be read.
M.t = setmetatable({}, {
  __index = function(_, name)
    local found = constructors[name]
    if found then return found end
    error(("unknown type %s%s"):format(text.quote(tostring(name)),
      text.hint(tostring(name), text.sorted_keys(constructors))), 2)
  end,
  __newindex = function() error("types cannot be added here", 2) end,
  __metatable = "types",
})


-- Judges a plugin's table of settings. Returns it, or nil and a sentence.
function M.define(schema)
  local fault = fields_fault(schema)
  if fault then return nil, "schema: " .. fault end
  for _, name in ipairs(text.sorted_keys(M.reserved)) do
    if schema[name] then
      return nil, ("schema.%s: every plugin has this setting already"):format(name)
    end
  end
  return schema
end


-- Settings as written -> conf as the plugin sees it, or nil and a sorted list of sentences.
-- Settings with reserved names must have been taken out. env.service and env.edits: see
-- schema_tree.lua. plugin_name goes into no sentence; it is there for the one case that has no
-- setting to blame.
function M.check(schema, settings, plugin_name, env)
  if settings == nil then settings = {} end
  if type(settings) ~= "table" then
    local shown = text.show(settings)
    return nil, { ("%s: expected its settings in a table, got %s"):format(plugin_name, shown) }
  end
  local state, named = new_state(env), {}
  for key, value in pairs(settings) do
    if type(key) == "string" then
      named[key] = value
    else
      state:add(text.path("", key), "expected a setting with a name, got " .. text.show(value))
    end
  end
  local conf = state:fields(schema, named, "")
  if state:ok() then return conf end
  table.sort(state.errors)
  return nil, state.errors
end


local function type_json(t)
  local out = kinds[t.kind].json(t, type_json, M.object_json)
  out.description = t.help
  if not is_hidden(t) then out.default = t.default end
  return out
end


-- A JSON Schema object for a table of types, as a Lua table.
function M.object_json(fields)
  local properties, required = {}, {}
  for _, name in ipairs(text.sorted_keys(fields)) do
    properties[name] = type_json(fields[name])
    if fields[name].required then required[#required + 1] = name end
  end
  return {
    type = "object",
    properties = properties,
    required = #required > 0 and required or nil,
    additionalProperties = false,
  }
end


-- JSON Schema (2020-12) of a plugin's settings in gateway.yaml, as a Lua table.
function M.json(schema)
  local out = M.object_json(schema)
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
  out.properties.on_error = { enum = { "fail", "skip" }, description = M.reserved.on_error }
  out.properties.name = { type = "string", description = M.reserved.name }
  return out
end


local function default_text(value)
  if type(value) == "string" then return text.quote(value) end
  if type(value) == "number" then return text.number(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = default_text(item) end
  if #parts == 0 then
    for _, key in ipairs(text.sorted_keys(value)) do
      parts[#parts + 1] = key .. " = " .. default_text(value[key])
    end
  end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
end


local function add_rows(rows, fields, prefix)
  for _, name in ipairs(text.sorted_keys(fields)) do
    local t = fields[name]
    local each = t.kind == "list" and ", each " .. kinds[t[1].kind].noun(t[1]) or ""
    rows[#rows + 1] = {
      name = prefix .. name,
      kind = t.kind,
      expects = kinds[t.kind].noun(t) .. each,
      required = t.required or false,
      default = t.default ~= nil and not is_hidden(t) and default_text(t.default) or nil,
      help = t.help,
    }
    if t.kind == "record" then add_rows(rows, t[1], prefix .. name .. ".") end
    if t.kind == "list" and t[1].kind == "record" then add_rows(rows, t[1][1], prefix .. name .. "[].") end
  end
end


-- One row per setting for the reference, sorted: { name, kind, expects, required, default, help }.
function M.rows(schema)
  local rows = {}
  add_rows(rows, schema, "")
  return rows
end


-- "100/s" -> { count = 100, per = 1 }; nil and a sentence when it is none.
function M.rate(written)
  local rate = units.rate(written)
  if rate then return rate end
  return nil, ("expected %s, got %s"):format(kinds.rate.noun(), text.show(written))
end


-- Every kind of type there is, sorted.
function M.kinds()
  return text.sorted_keys(constructors)
end


return M
