-- SPDX-License-Identifier: Apache-2.0
-- request.lua - req as plugins see it.
--
-- Nothing here keeps a text: ffi.string of a text that Lua has already costs less than a table that remembers it. What a request
-- keeps, its ctx and its params, is in life.keep().

local F = require "lunette.ffi"
local args = require "lunette.args"
local client = require "lunette.client"
local content = require "lunette.content"
local fault = require "lunette.fault"
local headers = require "lunette.headers"
local life = require "lunette.life"
local priorities = require "lunette.priorities"
local response = require "lunette.response"
local services = require "lunette.services"
local strict = require "lunette.strict"

local C, cur, str, str2, number, to_string = F.C, F.cur, F.str, F.str2, F.number, F.string
local REQUEST, setmetatable, type = F.request, setmetatable, type

local M = {}


local function text_of(object, which)
  if object[1] ~= cur.serial then life.check(object, "the request") end
  local rc = C.ln_req_text(REQUEST, which, str)
  if rc == 0 then return (to_string(str.ptr, str.len)) end
  if rc < 0 then fault.refuse(rc, "the request") end
  return nil
end


local function number_of(object, which)
  if object[1] ~= cur.serial then life.check(object, "the request") end
  local rc = C.ln_req_number(REQUEST, which, number)
  if rc < 0 then fault.refuse(rc, "the request") end
  return number[0]
end


local function text_getter(which)
  return function(object) return (text_of(object, which)) end
end


local function number_getter(which)
  return function(object) return (number_of(object, which)) end
end


local function text_setter(name, which)
  return function(object, value)
    if type(value) ~= "string" and not (value == nil and name == "query") then
      fault.raise(("%s: expected a string, got a %s"):format(name, type(value)))
    end
    if object[1] ~= cur.serial then life.check(object, "req." .. name) end
    local rc = C.ln_req_set_text(REQUEST, which, value, value and #value or 0)
    if rc == 0 then return end
    if rc == C.LN_EINVAL then fault.raise(("%q is not a %s"):format(value, name)) end
    fault.refuse(rc, "req." .. name)
  end
end


-- ---- req ----

local get = {
  method = text_getter(C.LN_REQ_METHOD),
  path = text_getter(C.LN_REQ_PATH),
  query = text_getter(C.LN_REQ_QUERY),
  host = text_getter(C.LN_REQ_HOST),
  scheme = text_getter(C.LN_REQ_SCHEME),
  id = text_getter(C.LN_REQ_ID),
  listener = text_getter(C.LN_REQ_LISTENER),
  route = text_getter(C.LN_REQ_ROUTE),
  port = number_getter(C.LN_REQ_PORT),
  started = number_getter(C.LN_REQ_STARTED),
  headers = headers.request,
  body = content.get,
}


-- Bytes of the content; nil: it comes in chunks, and its end tells.
function get.length(req)
  if req[1] ~= cur.serial then life.check(req, "req.length") end
  local rc = C.ln_req_number(REQUEST, C.LN_REQ_LENGTH, number)
  if rc == 0 then return number[0] end
  if rc < 0 then fault.refuse(rc, "the request") end
  return nil
end


function get.version(req)
  return number_of(req, C.LN_REQ_VERSION_MINOR) == 0 and "1.0" or "1.1"
end


function get.ctx(req)
  if req[1] ~= cur.serial then life.check(req, "req.ctx") end
  local things = life.keep()
  local ctx = things.ctx
  if not ctx then
    ctx = {}
    things.ctx = ctx
  end
  return ctx
end


function get.client(req)
  return (client.new(req[1]))
end


function get.args(req)
  return (args.new_args(req[1]))
end


function get.cookies(req)
  return (args.new_cookies(req[1]))
end


function get.params(req)
  if req[1] ~= cur.serial then life.check(req, "req.params") end
  local things = life.keep()
  if things.params then return things.params end
  local params = {}
  local i, rc = 0, C.ln_req_param_at(REQUEST, 0, str, str2)
  while rc == 0 do
    params[to_string(str.ptr, str.len)] = to_string(str2.ptr, str2.len)
    i = i + 1
    rc = C.ln_req_param_at(REQUEST, i, str, str2)
  end
  if rc < 0 then fault.refuse(rc, "req.params") end
  things.params = params
  return params
end


function get.upstream(req)
  return services.by_index(number_of(req, C.LN_REQ_SERVICE))
end


-- nil: what the service says.
function get.priority(req)
  if req[1] ~= cur.serial then life.check(req, "req.priority") end
  return C.ln_req_number(REQUEST, C.LN_REQ_PRIORITY, number) == 0 and priorities.WORDS[number[0]] or nil
end


local methods = content.methods


-- Would the client rather have its answer in this content coding, such as "gzip", than as it is (RFC 9110 section 12.5.3)?
function methods.accepts_coding(req, coding)
  if type(coding) ~= "string" then fault.raise("req:accepts_coding: expected a text, got a " .. type(coding)) end
  if req[1] ~= cur.serial then life.check(req, "req:accepts_coding") end
  local rc = C.ln_req_takes_coding(REQUEST, coding, #coding)
  if rc < 0 then fault.refuse(rc, "req:accepts_coding") end
  return rc == 0
end


-- An answer in the form of the gateway's own: `return req:refuse(403, "address_denied", "Not from here")`. `more`: headers.
function methods.refuse(req, status, code, sentence, more)
  if req[1] ~= cur.serial then life.check(req, "req:refuse") end
  return status, response.refusal(code, sentence), more
end


local set = {
  method = text_setter("method", C.LN_REQ_METHOD),
  path = text_setter("path", C.LN_REQ_PATH),
  query = text_setter("query", C.LN_REQ_QUERY),
  host = text_setter("host", C.LN_REQ_HOST),
  id = text_setter("id", C.LN_REQ_ID),
  body = content.set,
}


function set.upstream(req, value)
  local index, why = services.index_of(value)
  if not index then fault.raise("req.upstream: " .. why) end
  if req[1] ~= cur.serial then life.check(req, "req.upstream") end
  local rc = C.ln_req_set_service(REQUEST, index)
  if rc ~= 0 then fault.refuse(rc, "req.upstream") end
end


function set.priority(req, value)
  local rank = 0
  if value ~= nil then
    local why
    rank, why = priorities.rank(value)
    if not rank then fault.raise("req.priority: " .. why) end
  end
  if req[1] ~= cur.serial then life.check(req, "req.priority") end
  local rc = C.ln_req_set_priority(REQUEST, rank)
  if rc ~= 0 then fault.refuse(rc, "req.priority") end
end


local Req = strict.metatable("req", get, set, methods, "keep values of your own in req.ctx")


-- req of the request that runs now.
function M.new()
  return (setmetatable({ cur.serial }, Req))
end


return M
