-- SPDX-License-Identifier: Apache-2.0
-- store_dict.lua - store.dict(zone, options): texts, numbers and booleans by key, with an end of life each.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"
local zones = require "lunette.zones"

local C, value, number = F.C, F.value, F.number
local type, to_string = type, F.string
local NONE, STRING, NUMBER, TRUE, FALSE =
  C.LN_VALUE_NONE, C.LN_VALUE_STRING, C.LN_VALUE_NUMBER, C.LN_VALUE_TRUE, C.LN_VALUE_FALSE

local SIZE, SIZE_MIN, SIZE_MAX = 2 ^ 20, 2 ^ 14, 2 ^ 28

local M = {
  ARGUMENTS = 0, -- before the options
  OPTIONS = { evict = true, share = true, size = true },
}

local Dict = {}
local METATABLE = { __index = Dict, __metatable = "dict" }


-- A value as C takes it: its type, number and text.
local function taken_apart(what, v)
  local kind = type(v)
  if kind == "string" then return STRING, 0, v end
  if kind == "number" then return NUMBER, v, "" end
  if kind == "boolean" then return v and TRUE or FALSE, 0, "" end
  fault.raise(("%s: expected a text, a number or a boolean, got %s"):format(what, text.show(v)))
end


-- What C refused: nil and why.
local function refuse(what, rc)
  if rc == C.LN_ELIMIT then return nil, "full" end
  if rc == C.LN_EINVAL then return nil, "too large" end
  if rc == C.LN_ESTATE then return nil, "not a number" end
  fault.raise(what .. ": not allowed")
end


-- The value, or nil.
function Dict:get(key)
  zones.check_key("get", key)
  if C.ln_store_dict_get(self[1], key, #key, value) ~= 0 then return nil end
  local kind = value.type
  if kind == STRING then return to_string(value.ptr, value.len) end
  if kind == NUMBER then return value.number end
  return kind == TRUE
end


-- Stores a value whatever is there, until `ttl` seconds have passed (nil: for ever). true; or nil and why.
function Dict:set(key, v, ttl)
  zones.check_key("set", key)
  if ttl == nil then ttl = 0 else zones.check_ttl("set", ttl) end
  local kind, n, s = taken_apart("set", v)
  local rc = C.ln_store_dict_set(self[1], key, #key, kind, n, s, #s, ttl)
  if rc == 0 then return true end
  return refuse("set", rc)
end


-- Stores a value if there is none: of all workers that try at once, one gets true, the others false. nil and why: neither.
function Dict:add(key, v, ttl)
  zones.check_key("add", key)
  if ttl == nil then ttl = 0 else zones.check_ttl("add", ttl) end
  local kind, n, s = taken_apart("add", v)
  local rc = C.ln_store_dict_cas(self[1], key, #key, NONE, 0, "", 0, kind, n, s, #s, ttl)
  if rc == 0 then return true end
  if rc == 1 then return false end
  return refuse("add", rc)
end


-- Stores `new` if what is there equals `old`, in type too. nil as `old`: there must be nothing; as `new`: it is deleted.
function Dict:cas(key, old, new, ttl)
  zones.check_key("cas", key)
  if ttl == nil then ttl = 0 else zones.check_ttl("cas", ttl) end
  local old_kind, old_n, old_s, kind, n, s = NONE, 0, "", NONE, 0, ""
  if old ~= nil then old_kind, old_n, old_s = taken_apart("cas", old) end
  if new ~= nil then kind, n, s = taken_apart("cas", new) end
  local rc = C.ln_store_dict_cas(self[1], key, #key, old_kind, old_n, old_s, #old_s, kind, n, s, #s, ttl)
  if rc == 0 then return true end
  if rc == 1 then return false end
  return refuse("cas", rc)
end


-- Whether there was a value.
function Dict:delete(key)
  zones.check_key("delete", key)
  return C.ln_store_dict_delete(self[1], key, #key) == 0
end


-- Adds `by` (1) to a number and returns the sum. A value that begins with this ends `ttl` seconds from now; one that is there
-- keeps its end. nil and why: what is there is no number, or there is no room.
function Dict:incr(key, by, ttl)
  zones.check_key("incr", key)
  if by == nil then
    by = 1
  elseif type(by) ~= "number" then
    fault.raise("incr: expected a number, got " .. text.show(by))
  end
  if ttl == nil then ttl = 0 else zones.check_ttl("incr", ttl) end
  local rc = C.ln_store_dict_incr(self[1], key, #key, by, ttl, number)
  if rc == 0 then return number[0] end
  return refuse("incr", rc)
end


local function to_size(size)
  if size == nil then return SIZE end
  local n = units.bytes(size)
  if n and n >= SIZE_MIN and n <= SIZE_MAX then return n end
  fault.raise('store.dict: size: expected a size from "16k" to "256m", got ' .. text.show(size))
end


function M.open(name, zone, options)
  local size, evict = to_size(options.size), options.evict
  if evict == nil then evict = true end
  if type(evict) ~= "boolean" then
    fault.raise("store.dict: evict: expected true or false, got " .. text.show(evict))
  end
  zones.agree("dict", name, zone, ("a dictionary of %d bytes%s"):format(size, evict and "" or " that does not evict"))
  local address, why = host.dict(name, size, evict)
  if not address then return nil, why end
  return setmetatable({ F.dict(address) }, METATABLE)
end


return M
