-- SPDX-License-Identifier: Apache-2.0
-- store.lua - store.limiter(zone, rate, burst): buckets in memory that all workers share and that survives reloads.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local schema = require "lunette.schema"
local text = require "lunette.schema_text"

local C, taken = F.C, F.taken
local type, error = type, error

local ENTRIES = 65536

local M = {
  using = nil, -- the use whose init runs, { file =, line = }: set by lunette.plugins
}

local opened = {} -- zone -> the settings and the place of its first use


-- Forgets which zones were opened with which settings: a new load begins.
function M.reset()
  opened = {}
end


-- Uses of one zone count together, which makes sense only if they agree.
local function check_agreement(name, zone, rate, burst)
  local settings = ("%d requests per %s s, burst %d"):format(rate.count, text.number(rate.per), burst)
  local first = opened[name]
  if not first then
    opened[name] = { settings = settings, use = M.using }
  elseif first.settings ~= settings then
    error(("zone %s: %s here, %s at %s:%d")
      :format(text.quote(zone), settings, first.settings, first.use.file, first.use.line), 0)
  end
end

local Limiter = {}
Limiter.__index = Limiter
Limiter.__metatable = "limiter"


-- Takes `cost` (1) from the bucket of `key`. Returns ok, how many would still pass, and the seconds to wait when not ok.
function Limiter:take(key, cost)
  if type(key) ~= "string" then fault.raise("take: expected a text as key, got " .. text.show(key)) end
  if cost == nil then
    cost = 1
  elseif type(cost) ~= "number" then
    fault.raise("take: expected a number as cost, got " .. text.show(cost))
  end
  local rc = C.ln_limiter_take_key(self[1], key, #key, cost, taken)
  if rc < 0 then fault.raise(("take: expected a cost from 0 to 1e9, got %s"):format(text.number(cost))) end
  return rc == 0, taken.left, taken.wait
end


local OPTIONS = { entries = true, share = true }


local function check_options(options)
  for name in pairs(options) do
    if not OPTIONS[name] then
      fault.raise(("store.limiter: unknown option %s%s"):format(text.quote(tostring(name)),
        text.hint(tostring(name), text.sorted_keys(OPTIONS))))
    end
  end
  local entries = options.entries
  if entries ~= nil and (type(entries) ~= "number" or entries % 1 ~= 0 or entries < 64 or entries > 2 ^ 26) then
    fault.raise("store.limiter: entries: expected an integer from 64 to 67108864, got " .. text.show(entries))
  end
end


local function to_rate(rate)
  if type(rate) == "string" then
    local parsed, why = schema.rate(rate)
    if not parsed then fault.raise("store.limiter: rate: " .. why) end
    return parsed
  end
  if type(rate) == "table" and type(rate.count) == "number" and type(rate.per) == "number" then return rate end
  fault.raise('store.limiter: expected a rate such as "100/s", got ' .. text.show(rate))
end


-- The store of one plugin: zones are its own unless `share = true` says otherwise.
function M.for_plugin(plugin_name)
  local store = {}


  function store.limiter(zone, rate, burst, options)
    phase.check("store.limiter")
    if type(zone) ~= "string" or zone == "" then
      fault.raise("store.limiter: expected the name of a zone, got " .. text.show(zone))
    end
    if type(burst) ~= "number" or burst % 1 ~= 0 or burst < 1 or burst > 1e9 then
      fault.raise("store.limiter: burst: expected an integer of at least 1, got " .. text.show(burst))
    end
    options = options or {}
    check_options(options)
    rate = to_rate(rate)
    local name = options.share and "shared/" .. zone or plugin_name .. "/" .. zone
    check_agreement(name, zone, rate, burst)
    local address, why = host.limiter(name, rate.count, rate.per, burst, options.entries or ENTRIES)
    if not address then fault.raise(("store.limiter: zone %s: %s"):format(text.quote(zone), why)) end
    return setmetatable({ F.limiter(address) }, Limiter)
  end


  return setmetatable(store, {
    __index = function(_, name)
      fault.raise(("store.%s is not available in this version; there is store.limiter"):format(tostring(name)))
    end,
    __newindex = function() fault.raise("store cannot be assigned to") end,
    __metatable = "store",
  })
end


return M
