-- SPDX-License-Identifier: Apache-2.0
-- client.lua - req.client as plugins see it: where it is, who it is, and who it was proved to be.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local life = require "lunette.life"
local strict = require "lunette.strict"
local text = require "lunette.schema_text"

local C, cur, str, str2, number, to_string = F.C, F.cur, F.str, F.str2, F.number, F.string
local REQUEST, allowed, setmetatable, type = F.request, F.allowed, setmetatable, type

local M = {}

-- What C says that a consumer may, as plugins see it.
function M.limits(said)
  local count, per, burst = said.count, said.per, said.burst
  return { rate = count > 0 and { count = count, per = per } or nil, burst = burst > 0 and burst or nil }
end


local claims = {} -- those that gateway.identity.from asks for: { name =, source = }


-- Begins anew; `wanted`: see above.
function M.reset(wanted)
  claims = wanted or {}
end


local function check(client, what)
  if client[1] ~= cur.serial then life.check(client, what) end
end


local function text_getter(which)
  return function(client)
    check(client, "the client")
    local rc = C.ln_req_text(REQUEST, which, str)
    if rc == 0 then return (to_string(str.ptr, str.len)) end
    if rc < 0 then fault.refuse(rc, "the client") end
    return nil
  end
end


local get = {
  id = text_getter(C.LN_REQ_CLIENT_ID),
  ip = text_getter(C.LN_REQ_IP),
  network = text_getter(C.LN_REQ_NETWORK),
  peer = text_getter(C.LN_REQ_PEER),
  source = text_getter(C.LN_REQ_CLIENT_SOURCE),
  key = text_getter(C.LN_REQ_CLIENT_KEY),
  authenticated = text_getter(C.LN_REQ_AUTHENTICATED),
}


function get.port(client)
  check(client, "client.port")
  local rc = C.ln_req_number(REQUEST, C.LN_REQ_PEER_PORT, number)
  if rc < 0 then fault.refuse(rc, "client.port") end
  return number[0]
end


function get.consumer(client)
  check(client, "client.consumer")
  if C.ln_client_consumer(cur, str) == 0 then return (to_string(str.ptr, str.len)) end
  return nil
end


-- A new list each time.
function get.groups(client)
  check(client, "client.groups")
  local list, n = {}, 0
  while C.ln_client_group(cur, n, str) == 0 do
    n = n + 1
    list[n] = to_string(str.ptr, str.len)
  end
  return list
end


function get.metadata(client)
  check(client, "client.metadata")
  local found, n = {}, 0
  while C.ln_client_datum(cur, n, str, str2) == 0 do
    found[to_string(str.ptr, str.len)] = to_string(str2.ptr, str2.len)
    n = n + 1
  end
  return found
end


-- { rate = { count =, per = }, burst = }, both of which may be missing; nil: it has no limits of its own.
function get.limits(client)
  check(client, "client.limits")
  if C.ln_client_limits(cur, allowed) ~= 0 then return nil end
  return M.limits(allowed)
end


local set = {}


function set.id(client, id)
  if type(id) ~= "string" then fault.raise("client.id: expected a string, got a " .. type(id)) end
  check(client, "client.id")
  local rc = C.ln_req_set_text(REQUEST, C.LN_REQ_CLIENT_ID, id, #id)
  if rc ~= 0 then fault.refuse(rc, "client.id") end
end


local methods = {}


function methods.in_group(client, name)
  if type(name) ~= "string" then fault.raise("client:in_group: expected a name, got " .. text.show(name)) end
  check(client, "client:in_group")
  return C.ln_client_in_group(cur, name, #name) == 0
end


-- ---- proofs ----

local function is(client, what, rc)
  if rc < 0 then fault.refuse(rc, "client:" .. what) end
  return rc == 0
end


local function text_of(who, field, needed)
  local value = who[field]
  if type(value) == "string" and value ~= "" then return value end
  if value == nil and not needed then return nil end
  fault.raise(("client:authenticate: %s: expected a text, got %s"):format(field, text.show(value)))
end


-- What a token claims may be the identity, if gateway.identity.from says so.
local function put_claims(client, values)
  if type(values) ~= "table" then
    fault.raise("client:authenticate: claims: expected a table, got " .. text.show(values))
  end
  for i = 1, #claims do
    local value = values[claims[i].name]
    if type(value) == "number" then value = text.exact_number(value) end
    if type(value) == "string" and value ~= "" then
      is(client, "authenticate", C.ln_client_claims(cur, claims[i].source, value, #value))
    end
  end
end


local function put_groups(client, groups)
  if type(groups) ~= "table" then
    fault.raise("client:authenticate: groups: expected a list of names, got " .. text.show(groups))
  end
  for i = 1, #groups do
    local name = groups[i]
    if type(name) ~= "string" then
      fault.raise(("client:authenticate: groups[%d]: expected a name, got %s"):format(i, text.show(name)))
    end
    is(client, "authenticate", C.ln_client_add_group(cur, name, #name))
  end
end


-- Somebody has proved who sends the request. `who`: method, and either consumer, the name of one, or id with groups for one that
-- is none; claims of a token. True; or nil and a sentence when there is no such consumer.
function methods.authenticate(client, who)
  if type(who) ~= "table" then fault.raise("client:authenticate: expected a table, got " .. text.show(who)) end
  check(client, "client:authenticate")
  local method, consumer = text_of(who, "method", true), text_of(who, "consumer")
  local id = text_of(who, "id", not consumer)
  if consumer then
    if not is(client, "authenticate", C.ln_client_is(cur, consumer, #consumer, method, #method)) then
      return nil, ("there is no consumer %s"):format(text.quote(consumer))
    end
  else
    is(client, "authenticate", C.ln_client_is_other(cur, id, #id, method, #method))
    if who.groups ~= nil then put_groups(client, who.groups) end
  end
  if who.claims ~= nil then put_claims(client, who.claims) end
  return true
end


-- Nobody has proved anything: the request gets the groups and limits of this consumer, and is counted as what it was before.
function methods.borrow(client, consumer)
  if type(consumer) ~= "string" then fault.raise("client:borrow: expected a name, got " .. text.show(consumer)) end
  check(client, "client:borrow")
  if is(client, "borrow", C.ln_client_is(cur, consumer, #consumer, nil, 0)) then return true end
  return nil, ("there is no consumer %s"):format(text.quote(consumer))
end


local Client = strict.metatable("client", get, set, methods, "keep values of your own in req.ctx")


-- req.client of the request with that serial.
function M.new(serial)
  return (setmetatable({ serial }, Client))
end


return M
