-- SPDX-License-Identifier: Apache-2.0
-- auth_sources.lua - where credentials are in a request: "header:NAME", "query:NAME", "cookie:NAME", "bearer", in an order.

local text = require "lunette.schema_text"

local EXPECTED = 'from[%d]: expected "header:NAME", "query:NAME", "cookie:NAME" or "bearer", got %s'


-- By kind: how it is read, and how it is taken away.
local of = {}


-- Of req.headers or req.args. Who sends one twice means one of them: the service may take the other, so that together they are
-- one text, which is nobody's key or token. (Cookies of several paths may have one name; the first is the nearest.)
local function read_one(values, name)
  local value = values[name]
  if not value then return nil end
  local all = values:all(name)
  return #all == 1 and value or table.concat(all, ", ")
end


function of.header(name)
  return function(req) return read_one(req.headers, name) end, function(req) req.headers[name] = nil end
end


function of.query(name)
  return function(req) return read_one(req.args, name) end, function(req)
    if req.args[name] then req.args[name] = nil end
  end
end


-- Cookie: a=1; name=key; b=2 -> a=1; b=2, whatever the spaces.
function of.cookie(name)
  return function(req) return req.cookies[name] end, function(req)
    if not req.cookies[name] then return end
    local kept = {}
    for _, line in ipairs(req.headers:all("Cookie")) do
      for pair in line:gmatch("[^;]+") do
        pair = pair:match("^%s*(.-)%s*$")
        if pair:match("^(.-)%s*=") ~= name then kept[#kept + 1] = pair end
      end
    end
    req.headers["Cookie"] = #kept > 0 and table.concat(kept, "; ") or nil
  end
end


-- Authorization: Bearer text (RFC 6750 section 2.1). Other schemes are for others.
local function token_of(value)
  local scheme, token = value:match("^(%a+) +(.*)$")
  return scheme and scheme:lower() == "bearer" and token or nil
end


local function read_bearer(req)
  local value = req.headers["Authorization"]
  if not value then return nil end
  local all = req.headers:all("Authorization")
  for i = 1, #all do
    if token_of(all[i]) then return #all == 1 and token_of(value) or table.concat(all, ", ") end
  end
  return nil
end


function of.bearer()
  return read_bearer, function(req)
    if read_bearer(req) then req.headers["Authorization"] = nil end
  end
end


-- The kind of a source, and the name in it; nil: it is none.
local function parse(source)
  if source == "bearer" then return "bearer" end
  local kind, name = source:match("^(%l+):([^%s%c]+)$")
  if kind ~= "bearer" and of[kind or ""] then return kind, name end
end


-- A source before those behind it. Functions and no loop, which would keep the JIT compiler from making one trace of a chain.
local function reading(read, otherwise)
  return function(req)
    local value = read(req)
    if value and value ~= "" then return value end
    return otherwise and otherwise(req)
  end
end


local function hiding(hide, more)
  return function(req)
    hide(req)
    if more then more(req) end
  end
end


-- Of a list of sources: read(req), the first text that is there or nil; hide(req), which takes them all away; and whether it has
-- "bearer", and others. Or nil and a sentence.
return function(list)
  local all = { bearer = false, others = false }
  for i = #list, 1, -1 do
    local kind, name = parse(list[i])
    if not kind then return nil, EXPECTED:format(i, text.quote(list[i])) end
    local read, hide = of[kind](name)
    all.read, all.hide = reading(read, all.read), hiding(hide, all.hide)
    all[kind == "bearer" and "bearer" or "others"] = true
  end
  return all
end
