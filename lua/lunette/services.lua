-- SPDX-License-Identifier: Apache-2.0
-- services.lua - the services of this generation by name and by index, and the objects that stand for them in Lua.

local text = require "lunette.schema_text"

local M = {}

local Service = { __metatable = "service" }
Service.__index = Service
Service.__tostring = function(s) return s.name end

local by_name, list = {}, {}


-- Forgets all and begins with the names that the configuration file has; list[i] is service number i - 1.
function M.reset(names)
  by_name, list = {}, {}
  for i, name in ipairs(names) do M.add(name, i - 1) end
end


function M.add(name, index)
  local service = setmetatable({ name = name, index = index }, Service)
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
  return list[index + 1]
end


function M.unknown(name)
  return ("no service %s%s"):format(text.quote(name), text.hint(name, text.sorted_keys(by_name)))
end


-- A name or a service object -> index from 0; nil and a sentence otherwise.
function M.index_of(value)
  if type(value) == "table" and type(rawget(value, "name")) == "string" then value = value.name end
  if type(value) ~= "string" then return nil, "expected a service or its name, got " .. text.show(value) end
  local service = by_name[value]
  if service then return service.index end
  return nil, M.unknown(value)
end


return M
