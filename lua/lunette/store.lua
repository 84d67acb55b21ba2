-- SPDX-License-Identifier: Apache-2.0
-- store.lua - `store`: what all workers share and what survives reloads. The kinds of zones are in the modules beside this one.

local bandwidth = require "lunette.store_bandwidth"
local counters = require "lunette.store_counters"
local dict = require "lunette.store_dict"
local fault = require "lunette.fault"
local limiter = require "lunette.store_limiter"
local permits = require "lunette.store_permits"
local phase = require "lunette.phase"
local text = require "lunette.schema_text"

local M = {}

local kinds = { bandwidth = bandwidth, counters = counters, dict = dict, limiter = limiter, permits = permits }


local function check_options(what, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    fault.raise(what .. ": expected its options in a table, got " .. text.show(options))
  end
  for name in pairs(options) do
    if not known[name] then
      fault.raise(("%s: unknown option %s%s"):format(what, text.quote(tostring(name)),
        text.hint(tostring(name), text.sorted_keys(known))))
    end
  end
  if options.share ~= nil and type(options.share) ~= "boolean" then
    fault.raise(("%s: share: expected true or false, got %s"):format(what, text.show(options.share)))
  end
  return options
end


-- store.KIND(zone, ...) of one plugin: zones are its own unless `share = true` says otherwise.
local function opener(kind, plugin_name)
  local what, module = "store." .. kind, kinds[kind]
  return function(zone, ...)
    phase.check(what)
    if type(zone) ~= "string" or zone == "" then
      fault.raise(what .. ": expected the name of a zone, got " .. text.show(zone))
    end
    local options = check_options(what, (select(module.ARGUMENTS + 1, ...)), module.OPTIONS)
    local name = (options.share and "shared/" or plugin_name .. "/") .. zone
    local object, why = module.open(name, zone, options, ...)
    if not object then fault.raise(("%s: zone %s: %s"):format(what, text.quote(zone), why)) end
    return object
  end
end


function M.for_plugin(plugin_name)
  local store = {}
  for kind in pairs(kinds) do store[kind] = opener(kind, plugin_name) end
  return setmetatable(store, {
    __index = function(_, name)
      fault.raise(("store has no %s%s"):format(text.quote(tostring(name)),
        text.hint(tostring(name), text.sorted_keys(kinds))))
    end,
    __newindex = function() fault.raise("store cannot be assigned to") end,
    __metatable = "store",
  })
end


return M
