-- SPDX-License-Identifier: Apache-2.0
-- store_counters.lua - store.counters(zone, options): whole numbers by key that all workers add to.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local text = require "lunette.schema_text"
local zones = require "lunette.zones"

local C, number = F.C, F.number
local type = type

local ENTRIES, ENTRIES_MIN, ENTRIES_MAX = 65536, 64, 1000000

local M = {
  ARGUMENTS = 0, -- before the options
  OPTIONS = { entries = true, share = true },
}

local Counters = {}
local METATABLE = { __index = Counters, __metatable = "counters" }


-- What C refused: nil and why, or an error if the plugin is wrong.
local function refuse(rc, by)
  if rc == C.LN_ELIMIT then return nil, "full" end
  if rc == C.LN_ESTATE then return nil, "out of range" end
  fault.raise("incr: expected a whole number up to 2^53, got " .. text.show(by))
end


-- Adds `by` (1) and returns the sum. A counter that begins with this ends `ttl` seconds from now (nil: never); one that is
-- there keeps its end. nil, "full" when there is no room for another key; nil, "out of range" beyond 2^53.
function Counters:incr(key, by, ttl)
  zones.check_key("incr", key)
  if by == nil then
    by = 1
  elseif type(by) ~= "number" then
    fault.raise("incr: expected a whole number, got " .. text.show(by))
  end
  if ttl == nil then ttl = 0 else zones.check_ttl("incr", ttl) end
  local rc = C.ln_store_counters_incr(self[1], key, #key, by, ttl, number)
  if rc ~= 0 then return refuse(rc, by) end
  return number[0]
end


-- The number, or nil when nothing was counted.
function Counters:get(key)
  zones.check_key("get", key)
  if C.ln_store_counters_get(self[1], key, #key, number) ~= 0 then return nil end
  return number[0]
end


-- Ends the counter and returns what it had come to, or nil: additions are in this number or in the next counter.
function Counters:delete(key)
  zones.check_key("delete", key)
  if C.ln_store_counters_delete(self[1], key, #key, number) ~= 0 then return nil end
  return number[0]
end


function M.open(name, zone, options)
  local entries = zones.entries("store.counters", options.entries, ENTRIES, ENTRIES_MIN, ENTRIES_MAX)
  zones.agree("counters", name, zone, ("counters with %d entries"):format(entries))
  local address, why = host.counters(name, entries)
  if not address then return nil, why end
  return setmetatable({ F.counters(address) }, METATABLE)
end


return M
