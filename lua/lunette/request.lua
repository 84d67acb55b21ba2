-- SPDX-License-Identifier: Apache-2.0
-- request.lua - req and req.client as plugins see them: small tables around a handle, made for each request.
--
-- req: [1] handle (and req.headers), [2] ctx, [3] client, [4] args, [5] cookies, [6] params, [7] res, [8] upstream.
-- Parts are made when they are first asked for. Nothing here keeps a text: ffi.string of a text that Lua has already costs less
-- than a table that remembers it, but for the identity, which several plugins read.

local F = require "lunette.ffi"
local args = require "lunette.args"
local content = require "lunette.content"
local fault = require "lunette.fault"
local response = require "lunette.response"
local services = require "lunette.services"
local strict = require "lunette.strict"
require "lunette.headers"

local C, cur, str, str2, number, to_string = F.C, F.cur, F.str, F.str2, F.number, F.string
local handle, setmetatable, type = F.handle, setmetatable, type

local SIDE_REQUEST = C.LN_SIDE_REQUEST
local CTX, CLIENT, ARGS, COOKIES, PARAMS, RES = 2, 3, 4, 5, 6, 7

local M = {}


local function text_of(h, which)
  local rc = C.ln_req_text(h, which, str)
  if rc == 0 then return to_string(str.ptr, str.len) end
  if rc < 0 then fault.refuse(rc, "the request") end
  return nil
end


local function number_of(h, which)
  local rc = C.ln_req_number(h, which, number)
  if rc < 0 then fault.refuse(rc, "the request") end
  return number[0]
end


local function text_getter(which)
  return function(object) return text_of(object[1], which) end
end


local function number_getter(which)
  return function(object) return number_of(object[1], which) end
end


local function text_setter(name, which)
  return function(object, value)
    if type(value) ~= "string" and not (value == nil and name == "query") then
      fault.raise(("%s: expected a string, got a %s"):format(name, type(value)))
    end
    local rc = C.ln_req_set_text(object[1], which, value, value and #value or 0)
    if rc == 0 then return end
    if rc == C.LN_EINVAL then fault.raise(("%q is not a %s"):format(value, name)) end
    fault.refuse(rc, "req." .. name)
  end
end


-- ---- client ----

local client_get = {
  ip = text_getter(C.LN_REQ_IP),
  peer = text_getter(C.LN_REQ_PEER),
  port = number_getter(C.LN_REQ_PEER_PORT),
}


function client_get.id(client)
  local id = client[2]
  if id then return id end
  id = text_of(client[1], C.LN_REQ_CLIENT_ID)
  client[2] = id or false
  return id
end


local client_set = {}


function client_set.id(client, id)
  if type(id) ~= "string" then fault.raise("client.id: expected a string, got a " .. type(id)) end
  local rc = C.ln_req_set_text(client[1], C.LN_REQ_CLIENT_ID, id, #id)
  if rc ~= 0 then fault.refuse(rc, "client.id") end
  client[2] = id
end


local Client = strict.metatable("client", client_get, client_set, {}, "keep values of your own in req.ctx")


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
  headers = function(req) return req[1] end,
  body = content.get,
}


-- Bytes of the content; nil: it comes in chunks, and its end tells.
function get.length(req)
  local rc = C.ln_req_number(req[1], C.LN_REQ_LENGTH, number)
  if rc == 0 then return number[0] end
  if rc < 0 then fault.refuse(rc, "the request") end
  return nil
end


function get.version(req)
  return number_of(req[1], C.LN_REQ_VERSION_MINOR) == 0 and "1.0" or "1.1"
end


function get.ctx(req)
  local ctx = req[CTX]
  if not ctx then
    ctx = {}
    req[CTX] = ctx
  end
  return ctx
end


function get.client(req)
  local client = req[CLIENT]
  if not client then
    client = setmetatable({ req[1], false }, Client)
    req[CLIENT] = client
  end
  return client
end


function get.args(req)
  local a = req[ARGS]
  if not a then
    a = args.new_args(req[1])
    req[ARGS] = a
  end
  return a
end


function get.cookies(req)
  local c = req[COOKIES]
  if not c then
    c = args.new_cookies(req[1])
    req[COOKIES] = c
  end
  return c
end


function get.params(req)
  local params = req[PARAMS]
  if params then return params end
  params = {}
  local i, rc = 0, C.ln_req_param_at(req[1], 0, str, str2)
  while rc == 0 do
    params[to_string(str.ptr, str.len)] = to_string(str2.ptr, str2.len)
    i = i + 1
    rc = C.ln_req_param_at(req[1], i, str, str2)
  end
  if rc < 0 then fault.refuse(rc, "req.params") end
  req[PARAMS] = params
  return params
end


function get.upstream(req)
  return services.by_index(number_of(req[1], C.LN_REQ_SERVICE))
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
  local rc = C.ln_req_set_service(req[1], index)
  if rc ~= 0 then fault.refuse(rc, "req.upstream") end
end


local Req = strict.metatable("req", get, set, content.methods, "keep values of your own in req.ctx")


-- The objects of the request that runs now.
function M.new()
  local h = handle(cur.req, cur.serial, SIDE_REQUEST)
  local req = setmetatable({ h, false, false, false, false, false, false }, Req)
  req[RES] = response.new()
  return req
end


return M
