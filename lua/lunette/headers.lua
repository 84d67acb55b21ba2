-- SPDX-License-Identifier: Apache-2.0
-- headers.lua - req.headers and res.headers: h["Name"], h["Name"] = value or nil, h:add, h:all, h:each, h:apply.
--
-- In the request phase edits of res.headers are queued, and done when
-- there is a response, whoever made it.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local life = require "lunette.life"
local media = require "lunette.media"

local C, cur, str, str2, at, to_string = F.C, F.cur, F.str, F.str2, F.at, F.string
local setmetatable, type, tostring = setmetatable, type, tostring
-- The object holds a number, not the handle: who has a pointer to something of known size can read the memory around it.
local HANDLES = { F.request, F.response }

local M = {}
local methods = {}


local function refuse(rc, name, value)
  if rc == C.LN_EINVAL then
    fault.raise(("header %q: expected a name of letters, digits and dashes and a value without line breaks, got %q")
      :format(tostring(name), tostring(value)))
  end
  fault.refuse(rc, "header " .. tostring(name))
end


local function check_name(name)
  if type(name) ~= "string" then
    fault.raise("expected the name of a header, got a " .. type(name))
  end
end


local function to_value(name, value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return tostring(value) end
  fault.raise(("header %q: expected a string or a number, got a %s"):format(name, kind))
end


local function get(h, name)
  local method = methods[name]
  if method then return method end
  if type(name) ~= "string" then check_name(name) end
  if h[1] ~= cur.serial then life.check(h, name) end
  local rc = C.ln_headers_get(HANDLES[h[2]], name, #name, str)
  if rc == 0 then return (to_string(str.ptr, str.len)) end
  if rc < 0 then refuse(rc, name) end
  return nil
end


local function set(h, name, value)
  local rc
  check_name(name)
  if h[1] ~= cur.serial then life.check(h, name) end
  if type(value) == "string" then
    rc = C.ln_headers_set(HANDLES[h[2]], name, #name, value, #value)
  elseif type(value) == "number" then
    rc = C.ln_headers_set_number(HANDLES[h[2]], name, #name, value)
  elseif value == nil then
    rc = C.ln_headers_remove(HANDLES[h[2]], name, #name)
  else
    to_value(name, value)
  end
  if rc ~= 0 then refuse(rc, name, value) end
end


-- Appends, whether or not there is one of that name.
function methods.add(h, name, value)
  check_name(name)
  value = to_value(name, value)
  if h[1] ~= cur.serial then life.check(h, name) end
  local rc = C.ln_headers_add(HANDLES[h[2]], name, #name, value, #value)
  if rc ~= 0 then refuse(rc, name, value) end
end


-- Every value of that name, as a list.
function methods.all(h, name)
  check_name(name)
  local list, n = {}, 0
  if h[1] ~= cur.serial then life.check(h, name) end
  at[0] = 0
  local rc = C.ln_headers_next(HANDLES[h[2]], at, name, #name, str, str2)
  while rc == 0 do
    n = n + 1
    list[n] = to_string(str2.ptr, str2.len)
    rc = C.ln_headers_next(HANDLES[h[2]], at, name, #name, str, str2)
  end
  if rc < 0 then refuse(rc, name) end
  return list
end


-- for name, value in h:each() do ... end. What was there when it was called; changes do not disturb it.
function methods.each(h)
  local names, values, n, i = {}, {}, 0, 0
  if h[1] ~= cur.serial then life.check(h, "headers") end
  at[0] = 0
  local rc = C.ln_headers_next(HANDLES[h[2]], at, "", 0, str, str2)
  while rc == 0 do
    n = n + 1
    names[n], values[n] = to_string(str.ptr, str.len), to_string(str2.ptr, str2.len)
    rc = C.ln_headers_next(HANDLES[h[2]], at, "", 0, str, str2)
  end
  if rc < 0 then refuse(rc, "each") end
  return function()
    i = i + 1
    return names[i], values[i]
  end
end


local function check_token(name, token)
  check_name(name)
  if type(token) ~= "string" then fault.raise(("header %q: expected a word, got a %s"):format(name, type(token))) end
end


-- Is the word in the comma-separated values of that name, in any case and whatever its parameters?
function methods.has(h, name, token)
  check_token(name, token)
  if h[1] ~= cur.serial then life.check(h, name) end
  local rc = C.ln_headers_has(HANDLES[h[2]], name, #name, token, #token)
  if rc < 0 then refuse(rc, name) end
  return rc == 0
end


-- Is the content of one of these types, such as "text/html", "text/*" or "application/*+json"?
function methods.is_type(h, types)
  if type(types) ~= "table" then fault.raise("is_type: expected a list of content types, got " .. type(types)) end
  return media.is_one_of(types, get(h, "Content-Type") or "")
end


-- Adds the word, unless it is there or "*" is.
function methods.merge(h, name, token)
  check_token(name, token)
  if h[1] ~= cur.serial then life.check(h, name) end
  local rc = C.ln_headers_merge(HANDLES[h[2]], name, #name, token, #token)
  if rc ~= 0 then refuse(rc, name, token) end
end


local Edits = {
  __newindex = function() fault.raise("edits cannot be changed once they are made") end,
  __metatable = "edits",
}


-- What the type `edits` of a schema becomes: one list in C. `list` = { { op = "set", name =, value = }, ... }.
function M.compile(list)
  local ops = { set = C.LN_EDIT_SET, add = C.LN_EDIT_ADD, remove = C.LN_EDIT_REMOVE }
  local edits = F.new_edits()
  for _, e in ipairs(list) do
    local value = e.value or ""
    local rc = C.ln_edits_push(edits, ops[e.op], e.name, #e.name, value, #value)
    if rc ~= 0 then refuse(rc, e.name, value) end
  end
  return (setmetatable({ edits }, Edits))
end


function methods.apply(h, edits)
  if getmetatable(edits) ~= "edits" then
    fault.raise("expected edits, as a setting of the type t.edits gives them")
  end
  if h[1] ~= cur.serial then life.check(h, "headers") end
  local rc = C.ln_edits_apply(edits[1], HANDLES[h[2]])
  if rc ~= 0 then refuse(rc, "apply") end
end


local Headers = {
  __index = get,
  __newindex = set,
  __tostring = function() return "headers" end,
  __metatable = "headers",
}


-- Of req, or of res.
function M.request(req)
  return (setmetatable({ req[1], 1 }, Headers))
end


function M.response(res)
  return (setmetatable({ res[1], 2 }, Headers))
end


return M
