-- SPDX-License-Identifier: Apache-2.0
-- response.lua - res as plugins see it, and the answers that plugins return.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local json = require "lunette.json"
local life = require "lunette.life"
local headers_of = require "lunette.headers"
local phase = require "lunette.phase"
local strict = require "lunette.strict"
local text = require "lunette.schema_text"
local transform = require "lunette.transform"

local C, cur, str, number, to_string = F.C, F.cur, F.str, F.number, F.string
local RESPONSE, setmetatable = F.response, setmetatable

local M = {}


-- ---- res ----

local function number_of(res, which)
  if res[1] ~= cur.serial then life.check(res, "the response") end
  local rc = C.ln_res_number(RESPONSE, which, number)
  if rc == 0 then return number[0] end
  if rc < 0 then fault.refuse(rc, "the response") end
  return nil
end


local function text_of(res, which)
  if res[1] ~= cur.serial then life.check(res, "the response") end
  local rc = C.ln_res_text(RESPONSE, which, str)
  if rc == 0 then return (to_string(str.ptr, str.len)) end
  if rc < 0 then fault.refuse(rc, "the response") end
  return nil
end


local get = {
  status = function(res) return (number_of(res, C.LN_RES_STATUS)) end,
  bytes = function(res) return (number_of(res, C.LN_RES_BYTES)) end,
  length = function(res) return (number_of(res, C.LN_RES_LENGTH)) end,
  duration = function(res) return (number_of(res, C.LN_RES_DURATION)) end,
  origin = function(res) return (text_of(res, C.LN_RES_ORIGIN)) end,
  headers = headers_of.response,
}


-- The attempt that answered; nil when no instance did.
function get.upstream(res)
  local address = text_of(res, C.LN_RES_ADDRESS)
  return address and {
    address = address,
    service = text_of(res, C.LN_RES_SERVICE),
    attempt = number_of(res, C.LN_RES_ATTEMPT),
    connect_ms = number_of(res, C.LN_RES_CONNECT_MS),
    first_byte_ms = number_of(res, C.LN_RES_FIRST_BYTE_MS),
  }
end


local set = {}


function set.status(res, status)
  if type(status) ~= "number" or status % 1 ~= 0 then
    fault.raise("res.status: expected a number from 200 to 599, got " .. text.show(status))
  end
  if res[1] ~= cur.serial then life.check(res, "res.status") end
  local rc = C.ln_res_set_status(RESPONSE, status)
  if rc == 0 then return end
  if rc == C.LN_EINVAL then fault.raise("res.status: expected a number from 200 to 599, got " .. status) end
  if rc == C.LN_ESTATE then fault.raise("res.status: there is no response yet; return a status to answer") end
  fault.refuse(rc, "res.status")
end


local methods = { may_transform = transform.may_transform, transforms = transform.transforms }


-- The plugin that says so sees nothing of this response's content.
function methods.skip_body(res)
  phase.check("res:skip_body")
  if res[1] ~= cur.serial then life.check(res, "res:skip_body") end
  local rc = C.ln_res_skip_body(RESPONSE, cur.at)
  if rc ~= 0 then fault.refuse(rc, "res:skip_body") end
end


local Res = strict.metatable("res", get, set, methods, "keep values of your own in req.ctx")


function M.new()
  return (setmetatable({ cur.serial }, Res))
end


-- ---- answers ----

local function add_header(name, value)
  if type(value) == "number" then value = tostring(value) end
  if type(name) ~= "string" or type(value) ~= "string" then
    error(("a header of an answer: expected a name and a string, got %s"):format(text.show(value)), 0)
  end
  local rc = C.ln_reply_add(RESPONSE, name, #name, value, #value)
  if rc < 0 then error(("not a header: %q = %q"):format(name, value), 0) end
end


local function add_headers(headers)
  local typed = false
  for _, name in ipairs(text.ordered_keys(headers)) do
    local value = headers[name]
    if type(name) == "string" and name:lower() == "content-type" then typed = true end
    if type(value) == "table" then
      for _, one in ipairs(value) do add_header(name, one) end
    else
      add_header(name, value)
    end
  end
  return typed
end


-- What a handler may return, as bytes and a type; nil and a sentence when it may not.
function M.body(body)
  if body == nil then return "", nil end
  if type(body) == "string" then return body, "text/plain; charset=utf-8" end
  if type(body) == "table" then return json.encode(body), "application/json" end
  return nil, ("expected a string or a table as body, got %s"):format(text.show(body))
end


-- A body that C writes when it is returned: refusing must be cheap, because it is done most when there is most to do.
local NONE = {}

local Refusal = {
  __newindex = function() fault.raise("what req:refuse gives cannot be changed: return a table of your own") end,
  __metatable = "refusal",
}


function M.refusal(code, sentence)
  if type(code) ~= "string" or type(sentence) ~= "string" then
    fault.raise(("req:refuse: expected a code and a sentence, got %s and %s"):format(text.show(code),
      text.show(sentence)))
  end
  return setmetatable({ code = code, sentence = sentence }, Refusal)
end


-- Most refusals have one header of their own, or none. A type of its own goes with content of its own.
local function refuse(refusal, headers)
  local code, sentence = refusal.code, refusal.sentence
  if type(code) ~= "string" or type(sentence) ~= "string" then error("returned a refusal of its own making", 0) end
  local rc = C.ln_reply_refusal(cur, code, #code, sentence, #sentence, not (headers and headers["X-Lunette-Reason"]))
  if rc == C.LN_EINVAL then error(("not a header: %q = %q"):format("X-Lunette-Reason", code), 0) end
  if rc < 0 then fault.refuse(rc, "an answer") end
  local name, value = next(headers or NONE)
  if name == nil then return end
  if next(headers, name) == nil and type(value) ~= "table" then return add_header(name, value) end
  add_headers(headers)
end


-- Makes `status, body, headers` the answer to the request that runs now. Raises without a place: the caller is generated code.
function M.answer(status, body, headers)
  if type(status) ~= "number" or status % 1 ~= 0 or status < 200 or status > 599 then
    error("returned " .. text.show(status) .. " where a status from 200 to 599 was expected", 0)
  end
  if headers ~= nil and type(headers) ~= "table" then
    error("returned " .. text.show(headers) .. " where a table of headers was expected", 0)
  end
  local is_refusal, bytes, kind = getmetatable(body) == "refusal"
  if not is_refusal then
    bytes, kind = M.body(body)
    if not bytes then error("returned something else: " .. kind, 0) end
  end
  local rc = C.ln_reply_begin(RESPONSE, status)
  if rc < 0 then fault.refuse(rc, "an answer") end
  C.ln_reply_from(RESPONSE, cur.at)
  if is_refusal then return refuse(body, headers) end
  local typed = headers and add_headers(headers)
  if kind and not typed then add_header("Content-Type", kind) end
  rc = C.ln_reply_body(RESPONSE, bytes, #bytes)
  if rc < 0 then fault.refuse(rc, "an answer") end
end


return M
