-- SPDX-License-Identifier: Apache-2.0
-- args.lua - req.args and req.cookies: a["name"] is the first value, a:all(name) every value, a:each() all pairs.
-- Arguments can be assigned in the request phase: the query is then written anew.

local F = require "lunette.ffi"
local fault = require "lunette.fault"

local life = require "lunette.life"

local C, cur, str, str2, at, to_string = F.C, F.cur, F.str, F.str2, F.at, F.string
local REQUEST, setmetatable, type = F.request, setmetatable, type


-- The methods and the reading half of a metatype over the functions ln_<noun>_get and ln_<noun>_next.
local function reader(noun, c_get, c_next)
  local methods = {}


  local function pairs_of(object)
    local names, values, n = {}, {}, 0
    if object[1] ~= cur.serial then life.check(object, noun) end
    at[0] = 0
    local rc = c_next(REQUEST, at, str, str2)
    while rc == 0 do
      n = n + 1
      names[n], values[n] = to_string(str.ptr, str.len), to_string(str2.ptr, str2.len)
      rc = c_next(REQUEST, at, str, str2)
    end
    if rc < 0 then fault.refuse(rc, noun) end
    return names, values
  end


  function methods.all(object, name)
    local names, values = pairs_of(object)
    local list = {}
    for i = 1, #names do
      if names[i] == name then list[#list + 1] = values[i] end
    end
    return list
  end


  function methods.each(object)
    local names, values = pairs_of(object)
    local i = 0
    return function()
      i = i + 1
      return names[i], values[i]
    end
  end


  return function(object, name)
    local method = methods[name]
    if method then return method end
    if type(name) ~= "string" then fault.raise(("expected the name of %s, got a %s"):format(noun, type(name))) end
    if object[1] ~= cur.serial then life.check(object, noun) end
    local rc = c_get(REQUEST, name, #name, str)
    if rc == 0 then return (to_string(str.ptr, str.len)) end
    if rc < 0 then fault.refuse(rc, noun) end
    return nil
  end
end


local function set_arg(object, name, value)
  if type(name) ~= "string" then fault.raise("expected the name of an argument, got a " .. type(name)) end
  local kind = type(value)
  if kind == "number" then
    value = tostring(value)
  elseif kind ~= "string" and kind ~= "nil" then
    fault.raise(("argument %q: expected a string, a number or nil, got a %s"):format(name, kind))
  end
  if object[1] ~= cur.serial then life.check(object, ("argument %q"):format(name)) end
  local rc = C.ln_args_set(REQUEST, name, #name, value, value and #value or 0)
  if rc ~= 0 then fault.refuse(rc, ("argument %q"):format(name)) end
end


local Args = {
  __index = reader("an argument", C.ln_args_get, C.ln_args_next),
  __newindex = set_arg,
  __tostring = function() return "args" end,
  __metatable = "args",
}

local Cookies = {
  __index = reader("a cookie", C.ln_cookies_get, C.ln_cookies_next),
  __newindex = function() fault.raise("cookies of a request can only be read; set the header Cookie instead") end,
  __tostring = function() return "cookies" end,
  __metatable = "cookies",
}


local M = {}


-- Those of request number `serial`.
function M.new_args(serial)
  return (setmetatable({ serial }, Args))
end


function M.new_cookies(serial)
  return (setmetatable({ serial }, Cookies))
end


return M
