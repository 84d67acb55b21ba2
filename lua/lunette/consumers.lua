-- SPDX-License-Identifier: Apache-2.0
-- consumers.lua - the consumers of gateway.yaml, for plugins that find out who is calling.

local F = require "lunette.ffi"
local client = require "lunette.client"
local fault = require "lunette.fault"
local phase = require "lunette.phase"
local task = require "lunette.task"
local text = require "lunette.schema_text"

local C, allowed, cur, str, to_string = F.C, F.allowed, F.cur, F.str, F.string

local REMEMBER, TIMEOUT = 60, 2 -- seconds

local why = { [C.LN_VERIFIED_BUSY] = "busy", [C.LN_VERIFIED_LATE] = "late" }

local M = {}


local function check(what, value)
  if type(value) == "string" then return end
  fault.raise(("consumers.%s: expected a text, got %s"):format(what, text.show(value)))
end


-- The name of the consumer with that API key; nil: nobody has it.
function M.by_key(key)
  if type(key) ~= "string" then -- not shown: a table may hold what was meant
    fault.raise("consumers.by_key: expected a text, got a " .. type(key))
  end
  if C.ln_consumer_by_key(cur, key, #key, str) == 0 then return (to_string(str.ptr, str.len)) end
  return nil
end


-- Is there a consumer of that name?
function M.has(name)
  check("has", name)
  return C.ln_consumer_by_name(cur, name, #name) == 0
end


-- For a loop: the name and the limits, as req.client has them, of each consumer that has limits of its own.
function M.limits()
  local at = -1
  return function()
    repeat
      at = at + 1
      if C.ln_consumer_limits_at(cur, at, str, allowed) ~= 0 then return nil end
    until allowed.count > 0 or allowed.burst > 0
    return to_string(str.ptr, str.len), client.limits(allowed)
  end
end


local function option(options, name, otherwise)
  local value = options and options[name]
  if value == nil then return otherwise end
  if type(value) == "number" and value >= 0 and value <= 86400 then return value end
  fault.raise(("consumers.verify: %s: expected seconds from 0 to 86400, got %s"):format(name, text.show(value)))
end


-- Is that the password of the consumer of that name? Waits, because judging takes long on purpose, but for what was right not
-- longer than `options.remember` seconds ago. True or false; nil and "busy" when too many wait, or "late" after
-- `options.timeout` seconds.
function M.verify(name, password, options)
  check("verify", name)
  if type(password) ~= "string" then
    fault.raise("consumers.verify: expected a password, got a " .. type(password))
  end
  local remember, timeout = option(options, "remember", REMEMBER), option(options, "timeout", TIMEOUT)
  phase.check("consumers.verify")
  task.check_yield("consumers.verify")
  local v = F.new_verify()
  local rc = C.ln_verify_start(v, name, #name, password, #password, remember, timeout)
  if rc == C.LN_WAIT then
    task.wait()
  elseif rc ~= C.LN_OK then
    F.free_verify(v)
    fault.raise("consumers.verify: nothing can wait here")
  end
  local result = C.ln_verify_result(v)
  F.free_verify(v)
  if result == C.LN_VERIFIED_RIGHT then return true end
  if result == C.LN_VERIFIED_WRONG then return false end
  return nil, why[result]
end


return M
