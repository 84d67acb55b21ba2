-- SPDX-License-Identifier: Apache-2.0
-- store_permits.lua - store.permits(zone, options): at most so many of each key at once.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local text = require "lunette.schema_text"
local zones = require "lunette.zones"

local C, number = F.C, F.number
local type = type

local ENTRIES, ENTRIES_MIN, ENTRIES_MAX = 16384, 64, 1000000
local HOLD = 3600 -- seconds

local M = {
  ARGUMENTS = 0, -- before the options
  OPTIONS = { entries = true, share = true },
}

local Permits = {}
local METATABLE = { __index = Permits, __metatable = "permits" }


-- A permit for the key, if fewer than `most` are held over all workers: its ticket; else nil and "none", or "full" when the
-- zone has no room. Without `give` it comes back after `hold` seconds (3600), or when its worker has died.
function Permits:take(key, most, hold)
  zones.check_key("take", key)
  if type(most) ~= "number" then fault.raise("take: expected a number of permits, got " .. text.show(most)) end
  local rc = C.ln_store_permits_take(self[1], key, #key, most, hold or HOLD, number)
  if rc == 0 then return number[0] end
  if rc == C.LN_NONE then return nil, "none" end
  if rc == C.LN_ELIMIT then return nil, "full" end
  fault.raise(("take: expected 1 to 10000 permits and up to 1e9 seconds, got %s"):format(text.number(most)))
end


-- Gives it back. Nothing if it is somebody else's by now.
function Permits:give(key, permit)
  zones.check_key("give", key)
  if type(permit) ~= "number" or C.ln_store_permits_give(self[1], key, #key, permit) ~= 0 then
    fault.raise("give: expected what take has given, got " .. text.show(permit))
  end
end


function M.open(name, zone, options)
  local entries = zones.entries("store.permits", options.entries, ENTRIES, ENTRIES_MIN, ENTRIES_MAX)
  zones.agree("permits", name, zone, ("%d permits"):format(entries))
  local address, why = host.permits(name .. "\npermits", entries)
  if not address then return nil, why end
  return setmetatable({ F.permits(address) }, METATABLE)
end


return M
