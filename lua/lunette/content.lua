-- SPDX-License-Identifier: Apache-2.0
-- content.lua - the request's content: req:read_body(max), req:json(max), and req.body.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local json = require "lunette.json"
local phase = require "lunette.phase"
local task = require "lunette.task"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local life = require "lunette.life"

local C, cur, str, to_string = F.C, F.cur, F.str, F.string
local REQUEST = F.request

local MAX = "1m"

local M = { methods = {} }


local function bytes_of(max)
  if max == nil then max = MAX end
  local n = units.bytes(max)
  if n and n >= 1 then return n end
  fault.raise('req:read_body: expected a size such as 4096, "64k" or "1m", got ' .. text.show(max))
end


-- What has been read or set; nil before.
function M.get(req)
  if req[1] ~= cur.serial then life.check(req, "req.body") end
  local rc = C.ln_req_body(REQUEST, str)
  if rc == 0 then return to_string(str.ptr, str.len) end
  if rc < 0 then fault.refuse(rc, "req.body") end
  return nil
end


function M.set(req, value)
  if type(value) ~= "string" then fault.raise("req.body: expected a string, got a " .. type(value)) end
  if req[1] ~= cur.serial then life.check(req, "req.body") end
  local rc = C.ln_req_set_body(REQUEST, value, #value)
  if rc == C.LN_NONE then fault.raise("req.body: the request has content of its own; req:read_body() comes first") end
  if rc ~= 0 then fault.refuse(rc, "req.body") end
end


-- Waits until all of the request's content is here. The text; or nil and "too large".
function M.methods.read_body(req, max)
  local most = bytes_of(max)
  phase.check("req:read_body")
  local known = M.get(req) -- also finds out whether the request is still there
  if known then return known end
  local rc = task.await_body(most)
  if rc == true then return M.get(req) or "" end
  if rc == C.LN_ELIMIT then return nil, "too large" end
  fault.refuse(rc, "req:read_body")
end


-- At most so many bytes of content pass: a request with more is answered with 413, as soon as that is known. False when it is
-- known already; the handler can then answer itself.
function M.methods.limit_body(req, max)
  local n = units.bytes(max)
  if not n or n < 1 then
    fault.raise('req:limit_body: expected a size such as 4096, "64k" or "1m", got ' .. text.show(max))
  end
  phase.check("req:limit_body")
  if req[1] ~= cur.serial then life.check(req, "req:limit_body") end
  local rc = C.ln_req_limit_body(REQUEST, n)
  if rc == 0 then return true end
  if rc == C.LN_ELIMIT then return false end
  fault.refuse(rc, "req:limit_body")
end


-- The request's content as a value; or nil and why not: "too large", or what is wrong with the JSON.
function M.methods.json(req, max)
  local body, why = M.methods.read_body(req, max)
  if not body then return nil, why end
  local ok, value, reason = pcall(json.decode, body)
  if not ok then return nil, tostring(value) end
  return value, reason
end


return M
