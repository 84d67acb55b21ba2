-- SPDX-License-Identifier: Apache-2.0
-- store_limiter.lua - store.limiter(zone, rate, burst, options): how often each key may pass.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local meter = require "lunette.store_meter"
local schema = require "lunette.schema"
local take = require "lunette.store_take"
local text = require "lunette.schema_text"
local zones = require "lunette.zones"

local C, taken = F.C, F.taken
local type = type

local ENTRIES, ENTRIES_MIN, ENTRIES_MAX = 65536, 64, 2 ^ 26
local RATES_MAX = 8

local M = {
  ARGUMENTS = 2, -- before the options
  OPTIONS = {
    entries = true, share = true, algorithm = true,
    redis = true, timeout = true, on_down = true, lease = true, name = true,
  },
  ALGORITHMS = { "gcra", "sliding_window", "sliding_log", "fixed_window" }, -- core/base/limit.def
}

-- Asks all windows of the limiter, or one of another rate.
local function count(self, _, how, key, n, cost, rate)
  if rate then
    return C.ln_limiter_take_as(self[1], rate.count, rate.per, rate.burst or rate.count, key, n, cost, how, taken)
  end
  return C.ln_limiter_take_key(self[1], key, n, cost, how, taken)
end


local METATABLE = { __index = take.methods(count), __metatable = "limiter" }


local function to_rate(rate)
  if type(rate) == "string" then
    local parsed = schema.rate(rate)
    if not parsed then
      fault.raise('store.limiter: rate: expected a rate such as "100/s" or "5000/h", got ' .. text.show(rate))
    end
    return parsed
  end
  if type(rate) == "table" and type(rate.count) == "number" and type(rate.per) == "number" then return rate end
  fault.raise('store.limiter: expected a rate such as "100/s", got ' .. text.show(rate))
end


local function to_rates(rate)
  if type(rate) ~= "table" or rate[1] == nil then return { to_rate(rate) } end
  local rates = {}
  for i, one in ipairs(rate) do rates[i] = to_rate(one) end
  if #rates > RATES_MAX then
    fault.raise(("store.limiter: expected at most %d rates, got %d"):format(RATES_MAX, #rates))
  end
  return rates
end


local function to_algorithm(word)
  if word == nil then return M.ALGORITHMS[1] end
  for _, known in ipairs(M.ALGORITHMS) do
    if word == known then return known end
  end
  fault.raise(("store.limiter: algorithm: expected %s, got %s"):format(text.choices(M.ALGORITHMS), text.show(word)))
end


-- What passes at once: only a bucket says that apart from its rate.
local function check_burst(burst, algorithm, rates)
  if burst == nil and (algorithm ~= "gcra" or #rates > 1) then return end
  if algorithm ~= "gcra" then
    fault.raise(("store.limiter: burst: expected none with %s, got %s"):format(algorithm, text.show(burst)))
  end
  if type(burst) ~= "number" or burst % 1 ~= 0 or burst < 1 or burst > 1e9 then
    fault.raise("store.limiter: burst: expected an integer of at least 1, got " .. text.show(burst))
  end
end


local function describe(rates, burst, algorithm, entries)
  local parts = {}
  for i, rate in ipairs(rates) do parts[i] = ("%d requests per %s s"):format(rate.count, text.number(rate.per)) end
  if burst then parts[#parts + 1] = "burst " .. text.number(burst) end
  if algorithm ~= "gcra" then parts[#parts + 1] = algorithm end
  if entries and entries ~= ENTRIES then parts[#parts + 1] = entries .. " entries" end
  return table.concat(parts, ", ")
end


function M.open(name, zone, options, rate, burst)
  if zone:find("%c") then
    fault.raise("store.limiter: expected a name without control characters, got " .. text.quote(zone))
  end
  local algorithm, rates = to_algorithm(options.algorithm), to_rates(rate)
  check_burst(burst, algorithm, rates)
  local entries = zones.entries("store.limiter", options.entries, ENTRIES, ENTRIES_MIN, ENTRIES_MAX)
  local is_said = options.entries ~= nil -- a log would else have no more than 64 MiB
  local settings = describe(rates, burst, algorithm, is_said and entries)
  local elsewhere = meter.read(zone, options)
  if elsewhere then settings = settings .. ", " .. meter.describe(elsewhere) end
  zones.agree("limiter", name, zone, settings)
  if elsewhere then
    local limiter, wrong = meter.open(elsewhere, settings, algorithm, rates, burst, entries, is_said)
    if limiter or wrong then return limiter, wrong end
  end
  local first
  for i, one in ipairs(rates) do
    local address, why = host.limiter(name, algorithm, one.count, one.per, one.burst or burst or one.count,
      entries, is_said, i - 1)
    if not address then return nil, why end
    if first then host.limiter_join(first, address) end
    first = first or address
  end
  return setmetatable({ F.limiter(first) }, METATABLE)
end


return M
