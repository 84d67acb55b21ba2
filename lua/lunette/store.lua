-- SPDX-License-Identifier: Apache-2.0
-- store.lua - store.limiter(zone, rate, burst): buckets in memory that all workers share and that survives reloads.

local F = require "lunette.ffi"
local host = require "lunette.host"
local phase = require "lunette.phase"
local schema = require "lunette.schema"
local text = require "lunette.schema_text"

local C, taken = F.C, F.taken
local type, error = type, error

local ENTRIES = 65536

local M = {}

local Limiter = {}
Limiter.__index = Limiter
Limiter.__metatable = "limiter"


-- Takes `cost` (1) from the bucket of `key`. Returns ok, how many would still pass, and the seconds to wait when not ok.
function Limiter:take(key, cost)
  if type(key) ~= "string" then error("take: expected a text as key, got " .. text.show(key), 2) end
  if cost == nil then
    cost = 1
  elseif type(cost) ~= "number" then
    error("take: expected a number as cost, got " .. text.show(cost), 2)
  end
  local rc = C.ln_limiter_take_key(self[1], key, #key, cost, taken)
  if rc < 0 then error(("take: expected a cost from 0 to 1e9, got %s"):format(text.number(cost)), 2) end
  return rc == 0, taken.left, taken.wait
end


local OPTIONS = { entries = true, share = true }


local function check_options(options)
  for name in pairs(options) do
    if not OPTIONS[name] then
      error(("store.limiter: unknown option %s%s"):format(text.quote(tostring(name)),
        text.hint(tostring(name), text.sorted_keys(OPTIONS))), 3)
    end
  end
  local entries = options.entries
  if entries ~= nil and (type(entries) ~= "number" or entries % 1 ~= 0 or entries < 64 or entries > 2 ^ 26) then
    error("store.limiter: entries: expected an integer from 64 to 67108864, got " .. text.show(entries), 3)
  end
end


local function to_rate(rate)
  if type(rate) == "string" then
    local parsed, why = schema.rate(rate)
    if not parsed then error("store.limiter: rate: " .. why, 3) end
    return parsed
  end
  if type(rate) == "table" and type(rate.count) == "number" and type(rate.per) == "number" then return rate end
  error('store.limiter: expected a rate such as "100/s", got ' .. text.show(rate), 3)
end


-- The store of one plugin: zones are its own unless `share = true` says otherwise.
function M.for_plugin(plugin_name)
  local store = {}


  function store.limiter(zone, rate, burst, options)
    phase.check("store.limiter", 2)
    if type(zone) ~= "string" or zone == "" then
      error("store.limiter: expected the name of a zone, got " .. text.show(zone), 2)
    end
    if type(burst) ~= "number" or burst % 1 ~= 0 or burst < 1 or burst > 1e9 then
      error("store.limiter: burst: expected an integer of at least 1, got " .. text.show(burst), 2)
    end
    options = options or {}
    check_options(options)
    rate = to_rate(rate)
    local name = options.share and "shared/" .. zone or plugin_name .. "/" .. zone
    local address, why = host.limiter(name, rate.count, rate.per, burst, options.entries or ENTRIES)
    if not address then error(("store.limiter: zone %s: %s"):format(text.quote(zone), why), 2) end
    return setmetatable({ F.limiter(address) }, Limiter)
  end


  return setmetatable(store, {
    __index = function(_, name)
      error(("store.%s is not available in this version; there is store.limiter"):format(tostring(name)), 2)
    end,
    __newindex = function() error("store cannot be assigned to", 2) end,
    __metatable = "store",
  })
end


return M
