-- SPDX-License-Identifier: Apache-2.0
-- store_limiter.lua - store.limiter(zone, rate, burst, options): buckets that fill at a rate, one per key.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local schema = require "lunette.schema"
local text = require "lunette.schema_text"
local zones = require "lunette.zones"

local C, taken = F.C, F.taken
local type = type

local ENTRIES, ENTRIES_MIN, ENTRIES_MAX = 65536, 64, 2 ^ 26

local M = {
  ARGUMENTS = 2, -- before the options
  OPTIONS = { entries = true, share = true },
}

local Limiter = {}
local METATABLE = { __index = Limiter, __metatable = "limiter" }


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


local function to_rate(rate)
  if type(rate) == "string" then
    local parsed, why = schema.rate(rate)
    if not parsed then fault.raise("store.limiter: rate: " .. why) end
    return parsed
  end
  if type(rate) == "table" and type(rate.count) == "number" and type(rate.per) == "number" then return rate end
  fault.raise('store.limiter: expected a rate such as "100/s", got ' .. text.show(rate))
end


function M.open(name, zone, options, rate, burst)
  if type(burst) ~= "number" or burst % 1 ~= 0 or burst < 1 or burst > 1e9 then
    fault.raise("store.limiter: burst: expected an integer of at least 1, got " .. text.show(burst))
  end
  rate = to_rate(rate)
  local entries = zones.entries("store.limiter", options.entries, ENTRIES, ENTRIES_MIN, ENTRIES_MAX)
  local settings = ("%d requests per %s s, burst %d"):format(rate.count, text.number(rate.per), burst)
  if entries ~= ENTRIES then settings = ("%s, %d entries"):format(settings, entries) end
  zones.agree("limiter", name, zone, settings)
  local address, why = host.limiter(name, rate.count, rate.per, burst, entries)
  if not address then return nil, why end
  return setmetatable({ F.limiter(address) }, METATABLE)
end


return M
