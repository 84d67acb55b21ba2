-- SPDX-License-Identifier: Apache-2.0
-- balance.lua - `up`, what balance handlers choose among: up.service, up.attempt, up.last_error, #up, up[i], up.hash = key.
--
-- One object stands for whatever choice is being made now: it holds nothing itself, so one that was kept is of no use and
-- does no harm.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local C, cur, str, number, to_string = F.C, F.cur, F.str, F.number, F.string
local seen = F.seen
local type, tostring = type, tostring

local FIELDS = { "attempt", "hash", "last_error", "service" }
local INSTANCE_FIELDS = { "active", "address", "healthy", "latency", "weight" }

local M = {}


local function refuse(what)
  fault.raise(what .. ": up is there in balance only, and cannot be kept")
end


local function text_of(which, what)
  local rc = C.ln_up_text(cur, which, str)
  if rc < 0 then refuse(what) end
  return rc == 0 and to_string(str.ptr, str.len) or nil
end


local function number_of(which, what)
  if C.ln_up_number(cur, which, number) ~= 0 then refuse(what) end
  return number[0]
end


local function get(_, name)
  if type(name) == "number" then
    local rc = C.ln_up_see(cur, name, seen)
    if rc < 0 then refuse("up[i]") end
    if rc ~= 0 then return nil end
    return F.instance(name, seen.weight, seen.active, seen.healthy, seen.latency)
  elseif name == "service" then
    return text_of(C.LN_UP_SERVICE, "up.service")
  elseif name == "attempt" then
    return number_of(C.LN_UP_ATTEMPT, "up.attempt")
  elseif name == "last_error" then
    return text_of(C.LN_UP_LAST_ERROR, "up.last_error")
  elseif name == "hash" then
    local rc = C.ln_up_key(cur, str)
    if rc < 0 then refuse("up.hash") end
    return rc == 0 and to_string(str.ptr, str.len) or nil
  end
  fault.raise(("up has no field %s%s"):format(text.quote(tostring(name)), text.hint(tostring(name), FIELDS)))
end


-- The request goes where this key belongs; nil: nowhere in particular.
local function set(_, name, key)
  if name ~= "hash" then fault.raise("up: only up.hash can be assigned to") end
  if type(key) == "number" then key = tostring(key) end
  if key ~= nil and type(key) ~= "string" then
    fault.raise("up.hash: expected a string, got " .. text.show(key))
  end
  if C.ln_up_set_key(cur, key, key and #key or 0) ~= 0 then refuse("up.hash") end
end


F.metatype(F.up, {
  __index = get,
  __newindex = set,
  __len = function() return number_of(C.LN_UP_COUNT, "#up") end,
  __tostring = function() return "up" end,
  __metatable = "up",
})

F.metatype(F.instance, {
  __index = function(instance, name)
    if name == "address" then
      local rc = C.ln_up_address(cur, instance.ln_index, str)
      if rc < 0 then refuse("address") end
      return rc == 0 and to_string(str.ptr, str.len) or nil
    elseif name == "latency" then
      return instance.ln_latency > 0 and instance.ln_latency or nil
    end
    fault.raise(("an instance has no field %s%s"):format(text.quote(tostring(name)),
      text.hint(tostring(name), INSTANCE_FIELDS)))
  end,
  __newindex = function() fault.raise("an instance cannot be changed") end,
  __tostring = function() return "instance" end,
  __metatable = "instance",
})

M.up = F.up()


-- What a handler has returned is the number of an instance.
function M.choose(index)
  if type(index) ~= "number" or index % 1 ~= 0 or C.ln_up_choose(cur, index) ~= 0 then
    fault.raise(("balance: expected the number of an instance, from 1 to %d, got %s"):format(#M.up, text.show(index)))
  end
end


return M
