-- SPDX-License-Identifier: Apache-2.0
-- services.lua - the services of this generation by name and by index, and the objects that stand for them in Lua.

local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local M = {}

local fields = setmetatable({}, { __mode = "k" }) -- of the objects; not in them, where a plugin could change them for all others
local by_name, list = {}, {}

local Service = {
  __index = function(service, name) return fields[service][name] end,
  __newindex = function() fault.raise("a service cannot be changed") end,
  __tostring = function(service) return fields[service].name end,
  __metatable = "service",
}


-- Forgets all and begins with the names that the configuration file has; list[i] is service number i - 1.
function M.reset(names)
  by_name, list = {}, {}
  for i, name in ipairs(names) do M.add(name, i - 1) end
end


-- What is known of it: { name, index, object }.
function M.add(name, index)
  local service = { name = name, index = index, object = setmetatable({}, Service) }
  fields[service.object] = service
  by_name[name] = service
  list[index + 1] = service
  return service
end


function M.count()
  return #list
end


function M.get(name)
  return by_name[name]
end


function M.by_index(index)
  local service = list[index + 1]
  return service and service.object
end


function M.unknown(name)
  return ("no service %s%s"):format(text.quote(name), text.hint(name, text.sorted_keys(by_name)))
end


-- The name of a service, from what stands for it: its object, or a service of the routes file. Anything else stays as it is.
function M.name_of(value)
  if type(value) ~= "table" then return value end
  local own = fields[value]
  return own and own.name or rawget(value, "name") or value
end


-- A name or a service object -> index from 0; nil and a sentence otherwise.
function M.index_of(value)
  value = M.name_of(value)
  if type(value) ~= "string" then return nil, "expected a service or its name, got " .. text.show(value) end
  local service = by_name[value]
  if service then return service.index end
  return nil, M.unknown(value)
end


return M
