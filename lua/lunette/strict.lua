-- SPDX-License-Identifier: Apache-2.0
-- strict.lua - objects whose unknown fields are errors with the nearest known name, not nil.

local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local M = {}


local function names(...)
  local list, seen = {}, {}
  for _, source in ipairs { ... } do
    for name in pairs(source) do
      if not seen[name] then
        seen[name] = true
        list[#list + 1] = name
      end
    end
  end
  table.sort(list)
  return list
end


-- A metatable: `get` and `set` are functions by field, `methods` functions; what is nowhere raises. `own` says where values of
-- a plugin's own belong.
function M.metatable(noun, get, set, methods, own)
  local function index(object, key)
    local getter = get[key]
    if getter then return (getter(object)) end
    local method = methods[key]
    if method then return method end
    fault.raise(("%s has no field %s%s"):format(noun, text.quote(tostring(key)),
      text.hint(tostring(key), names(get, methods))))
  end


  local function newindex(object, key, value)
    local setter = set[key]
    if setter then return (setter(object, value)) end
    if get[key] or methods[key] then fault.raise(("%s.%s cannot be assigned"):format(noun, key)) end
    fault.raise(("%s has no field %s%s%s"):format(noun, text.quote(tostring(key)),
      text.hint(tostring(key), names(set)), own and "; " .. own or ""))
  end


  return {
    __index = index,
    __newindex = newindex,
    __tostring = function() return noun end,
    __metatable = noun,
  }
end


return M
