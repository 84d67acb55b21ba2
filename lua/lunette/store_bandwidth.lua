-- SPDX-License-Identifier: Apache-2.0
-- store_bandwidth.lua - store.bandwidth(zone, options): how many bytes a second each key gets, or sends.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"
local zones = require "lunette.zones"

local C, cur = F.C, F.cur
local type = type

local ENTRIES, ENTRIES_MIN, ENTRIES_MAX = 65536, 64, 2 ^ 26
local MOST = 1e12 -- LN_PACE_MAX

local M = {
  ARGUMENTS = 0, -- before the options
  OPTIONS = { entries = true, share = true },
}

local Bandwidth = {}
local METATABLE = { __index = Bandwidth, __metatable = "bandwidth" }

local SIDES = { request = C.LN_SIDE_REQUEST, response = C.LN_SIDE_RESPONSE }


local function to_bytes(name, value, min)
  local bytes = value
  if type(value) ~= "number" then bytes = units.bytes(value) end
  if bytes and bytes >= min and bytes <= MOST then return bytes end
  fault.raise(("pace: %s: expected a size from %d to 1e12 bytes, such as \"512k\", got %s"):format(name, min,
    text.show(value)))
end


local function refuse(rc, side)
  if rc == C.LN_ESTATE then fault.raise(("pace: the %s has begun, or cannot be changed here"):format(side)) end
  if rc == C.LN_ELIMIT then fault.raise("pace: a request has at most 8 bandwidths for each side") end
  fault.raise "pace: the request has ended"
end


-- Content of this response (side "response"), or of this request ("request"), goes no faster than `rate` bytes a second, after
-- `burst` bytes at once: as much as the rate gives in a second. Whoever has the same key shares that; nil: nobody does.
function Bandwidth:pace(key, rate, burst, side)
  if key ~= nil and type(key) ~= "string" then fault.raise("pace: expected a text as key, got " .. text.show(key)) end
  side = side or "response"
  if not SIDES[side] then fault.raise('pace: side: expected "response" or "request", got ' .. text.show(side)) end
  rate = to_bytes("rate", rate, 1)
  burst = burst and to_bytes("burst", burst, 0) or rate
  local rc = C.ln_bandwidth_pace(self[1], cur, SIDES[side], key, key and #key or 0, rate, burst)
  if rc ~= C.LN_OK then refuse(rc, side) end
end


function M.open(name, zone, options)
  local entries = zones.entries("store.bandwidth", options.entries, ENTRIES, ENTRIES_MIN, ENTRIES_MAX)
  zones.agree("bandwidth", name, zone, ("%d entries"):format(entries))
  local address, why = host.bandwidth(name .. "\nbandwidth", entries)
  if not address then return nil, why end
  return setmetatable({ F.bandwidth(address) }, METATABLE)
end


return M
