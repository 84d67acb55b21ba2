-- SPDX-License-Identifier: Apache-2.0
-- schema_tree.lua - the types of settings that hold others or stand for more than a word.
-- Rows as in schema_types.lua.

local simple = require "lunette.schema_types"
local template = require "lunette.schema_template"
local text = require "lunette.schema_text"

local types = {}
local M = { types = types }

local COUNT = { min = true, max = true }


-- A list has the keys 1 to n and no others.
local function is_list(value)
  if type(value) ~= "table" then return false end
  local n = 0
  for _ in pairs(value) do n = n + 1 end
  return n == #value
end


local function has_names_only(value)
  if type(value) ~= "table" then return false end
  for key in pairs(value) do
    if type(key) ~= "string" then return false end
  end
  return true
end


local function count_ok(t, n)
  return n >= (t.min or 0) and n <= (t.max or math.huge)
end


types.list = {
  options = COUNT,
  children = 1,
  noun = function(t) return "a list" .. text.range(t.min, t.max, "item") end,
  parse = function(t, value, state, path)
    if not is_list(value) or not count_ok(t, #value) then return state:expected(path, t, value) end
    local out = {}
    for i, item in ipairs(value) do out[i] = state:parse(t[1], item, text.path(path, i)) end
    return out
  end,
  json = function(t, json)
    return { type = "array", items = json(t[1]), minItems = t.min, maxItems = t.max }
  end,
}


-- t.map { value } or t.map { key, value }; keys are always names.
types.map = {
  options = COUNT,
  children = 2,
  noun = function(t)
    if not (t.min or t.max) then return "a table with names" end
    return "a table" .. text.range(t.min, t.max, "name")
  end,
  parse = function(t, value, state, path)
    if not has_names_only(value) or not count_ok(t, #text.sorted_keys(value)) then
      return state:expected(path, t, value)
    end
    local out, key_type, value_type = {}, t[2] and t[1], t[2] or t[1]
    for _, key in ipairs(text.sorted_keys(value)) do
      local at = text.path(path, key)
      if key_type and not state:fits(key_type, key) then
        state:add(at, ("expected %s as key"):format(state:noun(key_type)))
      else
        out[key] = state:parse(value_type, value[key], at)
      end
    end
    return out
  end,
  json = function(t, json)
    return { type = "object", additionalProperties = json(t[2] or t[1]) }
  end,
}


-- t.record { { field = type, ... } }: a table with known names.
types.record = {
  options = {},
  children = 1,
  fields = true,
  noun = function() return "a table with names" end,
  parse = function(t, value, state, path)
    if not has_names_only(value) then return state:expected(path, t, value) end
    return state:fields(t[1], value, path)
  end,
  json = function(t, json, object) return object(t[1], json) end,
}


-- Fields that say how a message is framed or concern one connection; only the gateway can write
-- them rightly.
local OWN = {}
for _, name in ipairs {
  "connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade",
} do
  OWN[name] = true
end


local function edit_name(state, path, name, seen)
  if not simple.is_header_name(name) then
    state:add(path, "expected a header name" .. (seen.as_key or ""))
    return nil
  end
  local lower = name:lower()
  if OWN[lower] then
    state:add(path, "this header is written by the gateway itself")
  elseif seen[lower] then
    state:add(path, ('the same header as "%s"'):format(seen[lower]))
  else
    seen[lower] = name
    return name
  end
end


local function edit_value(state, path, value)
  if type(value) == "number" then return text.number(value) end
  if type(value) == "string" and simple.is_header_value(value) then return value end
  state:add(path, "expected a header value, got " .. text.show(value))
end


-- One of set and add: name = value, for add also name = { value, value }.
local function read_pairs(state, path, op, given, out)
  if not has_names_only(given) then
    return state:add(path, "expected a table with header names as keys, got " .. text.show(given))
  end
  local seen = { as_key = " as key" }
  for _, key in ipairs(text.sorted_keys(given)) do
    local at, values = text.path(path, key), given[key]
    local name = edit_name(state, at, key, seen)
    if not (op == "add" and is_list(values)) then values = { values } end
    for i, value in ipairs(values) do
      value = edit_value(state, #values > 1 and text.path(at, i) or at, value)
      if name and value then out[#out + 1] = { op = op, name = name, value = value } end
    end
  end
end


local function read_removals(state, path, given, out)
  if not is_list(given) then
    return state:add(path, "expected a list of header names, got " .. text.show(given))
  end
  local seen = {}
  for i, name in ipairs(given) do
    name = edit_name(state, text.path(path, i), name, seen)
    if name then out[#out + 1] = { op = "remove", name = name } end
  end
end


local EDITS = { "add", "remove", "set" }

-- { remove = { "Name" }, set = { Name = "value" }, add = { Name = "value" } } -> what
-- headers:apply() takes. Removals come first, then replacements, then additions; within each, the
-- order of the names (removals: as written).
types.edits = {
  options = {},
  noun = function()
    return 'header edits such as { set = { ["X-Name"] = "value" }, remove = { "Name" } }'
  end,
  parse = function(t, value, state, path)
    if not has_names_only(value) then return state:expected(path, t, value) end
    for _, key in ipairs(text.sorted_keys(value)) do
      if key ~= "set" and key ~= "add" and key ~= "remove" then
        state:add(text.path(path, key), "unknown setting" .. text.hint(key, EDITS))
      end
    end
    local out = {}
    if value.remove ~= nil then read_removals(state, path .. ".remove", value.remove, out) end
    if value.set ~= nil then read_pairs(state, path .. ".set", "set", value.set, out) end
    if value.add ~= nil then read_pairs(state, path .. ".add", "add", value.add, out) end
    return state.env.edits and state:ok() and state.env.edits(out) or out
  end,
  json = function()
    local one = { type = { "string", "number" } }
    local many = { anyOf = { one, { type = "array", items = one } } }
    return {
      type = "object",
      additionalProperties = false,
      properties = {
        remove = { type = "array", items = { type = "string" } },
        set = { type = "object", additionalProperties = one },
        add = { type = "object", additionalProperties = many },
      },
    }
  end,
}


-- { set = { ["user.id"] = "{client.id}" }, add = {...}, remove = { "password" }, rename = { ["a.b"] = "c" } } -> edits with
-- :apply(text, req). Removals come first, then new names, then values; within each, the order of the paths.
local JSON_EDITS = { "add", "remove", "rename", "set" }


local function json_pairs(state, path, op, given, out)
  if not has_names_only(given) then
    return state:add(path, "expected a table with paths as keys, got " .. text.show(given))
  end
  for _, key in ipairs(text.sorted_keys(given)) do
    local at = text.path(path, key)
    if op == "rename" and type(given[key]) ~= "string" then
      state:add(at, "expected the new name, got " .. text.show(given[key]))
    else
      out[#out + 1] = { op = op, path = key, value = given[key], at = at }
    end
  end
end


local function json_removals(state, path, given, out)
  if not is_list(given) then return state:add(path, "expected a list of paths, got " .. text.show(given)) end
  for i, one in ipairs(given) do
    local at = text.path(path, i)
    if type(one) == "string" then
      out[#out + 1] = { op = "remove", path = one, at = at }
    else
      state:add(at, "expected a path, got " .. text.show(one))
    end
  end
end


types.json_edits = {
  options = {},
  noun = function()
    return 'edits of JSON such as { set = { ["user.id"] = "{client.id}" }, remove = { "password" } }'
  end,
  parse = function(t, value, state, path)
    if not has_names_only(value) then return state:expected(path, t, value) end
    for _, key in ipairs(text.sorted_keys(value)) do
      local hint = text.hint(key, JSON_EDITS)
      local known = key == "add" or key == "remove" or key == "rename" or key == "set"
      if not known then state:add(text.path(path, key), "unknown setting" .. hint) end
    end
    local out, edits = {}, state.env.json_edits
    if value.remove ~= nil then json_removals(state, path .. ".remove", value.remove, out) end
    for _, op in ipairs { "rename", "set", "add" } do
      if value[op] ~= nil then json_pairs(state, path .. "." .. op, op, value[op], out) end
    end
    if not edits then return value end
    for _, e in ipairs(out) do
      local why = edits.path_fault(e.path, e.op)
      if why then state:add(e.at, why) end
    end
    local compiled, number, why = edits.compile(out, state.env.escape)
    return compiled or state:add(out[number].at, why)
  end,
  json = function() return { type = "object", additionalProperties = false, properties = {
    remove = { type = "array", items = { type = "string" } }, rename = { type = "object" },
    set = { type = "object" }, add = { type = "object" },
  } } end,
}


types.template = {
  options = { escape = true },
  define = function(t)
    if t.escape ~= nil and not template.ESCAPES[t.escape] then
      local known = text.choices(text.sorted_keys(template.ESCAPES))
      return ("escape: expected one of %s, got %s"):format(known, text.show(t.escape))
    end
  end,
  noun = function() return 'a template such as "{client.id}:{req.path}"' end,
  parse = function(t, value, state, path)
    if type(value) ~= "string" then return state:expected(path, t, value) end
    local fn, why = template.compile(value, t.escape, state.env.escape)
    return fn or state:add(path, ("expected %s: %s"):format(types.template.noun(), why))
  end,
  json = function() return { type = "string" } end,
}


-- The name of a service, or what `service "name"` gave. env.service(value) knows which there are:
-- it returns what the plugin will see, or nil and a sentence.
types.service = {
  options = {},
  noun = function() return "the name of a service" end,
  parse = function(t, value, state, path)
    if not state.env.service then
      if type(value) == "string" or type(value) == "table" then return value end
      return state:expected(path, t, value)
    end
    local found, why = state.env.service(value)
    if found then return found end
    if why then return state:add(path, why) end
    return state:expected(path, t, value)
  end,
  json = function() return { type = "string" } end,
}


return M
