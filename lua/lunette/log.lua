-- SPDX-License-Identifier: Apache-2.0
-- log.lua - log.debug, info, warn, error (text, fields): one line each, with the request it belongs to.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local json = require "lunette.json"
local text = require "lunette.schema_text"

local C, cur, str = F.C, F.cur, F.str

local LEVELS = { debug = 0, info = 1, warn = 2, error = 3 }

local M = {}


-- What JSON cannot say is said as text; a log line is no place to raise.
local function plain(value)
  local kind = type(value)
  if kind == "table" then
    local ok = pcall(json.encode, value)
    return ok and value or tostring(value)
  end
  if kind == "string" or kind == "boolean" or value == json.null then return value end
  if kind == "number" and value == value and value < math.huge and value > -math.huge then return value end
  return tostring(value)
end


local function request_id()
  if cur.req == nil then return nil end
  return C.ln_req_text(F.request, C.LN_REQ_ID, str) == 0 and F.string(str.ptr, str.len) or nil
end


local function say(level, message, fields)
  local all = { request_id = request_id() }
  for key, value in pairs(fields or {}) do all[tostring(key)] = plain(value) end
  local encoded = next(all) and json.encode(all) or ""
  C.ln_say(cur, level, message, #message, encoded, #encoded)
end


for name, level in pairs(LEVELS) do
  M[name] = function(message, fields)
    if type(message) ~= "string" then
      fault.raise(("log.%s: expected a text, got %s"):format(name, text.show(message)))
    end
    if fields ~= nil and type(fields) ~= "table" then
      fault.raise(("log.%s: expected a table of fields, got %s"):format(name, text.show(fields)))
    end
    if C.ln_say_is_on(level) then say(level, message, fields) end
  end
end


-- An error that a plugin did not catch.
function M.raised(message, fields)
  say(LEVELS.error, message, fields)
end


return M
