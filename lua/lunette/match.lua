-- SPDX-License-Identifier: Apache-2.0
-- match.lua - string.find, match, gmatch and gsub for plugins: patterns of Lua, matched by core/script/match.c with a bound.
--
-- They mean what LuaJIT's own do, and are compiled, which those are not. The loop of gsub is here: the function that it calls
-- may wait.

local F = require "lunette.ffi"
local fault = require "lunette.fault"

local C, m = F.C, F.match
local concat, floor, ceil, sub = table.concat, math.floor, math.ceil, string.sub
local native_find = string.find
local byte, tonumber, tostring, type, unpack = string.byte, tonumber, tostring, type, unpack

local POSITION = C.LN_MATCH_POSITION

local M = {}

local MISTAKES = {
  [C.LN_MATCH_STEPS] = "the pattern takes too long on this text; see the page about limits for plugins",
  [C.LN_MATCH_COMPLEX] = "pattern too complex",
  [C.LN_MATCH_ENDS_WITH_ESCAPE] = "malformed pattern (ends with '%')",
  [C.LN_MATCH_NO_BRACKET] = "malformed pattern (missing ']')",
  [C.LN_MATCH_CAPTURES_MANY] = "too many captures",
  [C.LN_MATCH_CAPTURE_BAD] = "invalid pattern capture",
  [C.LN_MATCH_INDEX_BAD] = "invalid capture index",
  [C.LN_MATCH_UNBALANCED] = "unbalanced pattern",
  [C.LN_MATCH_FRONTIER_BAD] = "missing '[' after '%f' in pattern",
}


local function mistake(rc)
  fault.raise(MISTAKES[rc])
end


-- ---- arguments ----

local function expected(name, number, what, value)
  fault.raise(("bad argument #%d to '%s' (%s expected, got %s)"):format(number, name, what,
    value == nil and "no value" or type(value)))
end


local function to_text(value, number, name)
  if type(value) == "number" then return tostring(value) end
  expected(name, number, "string", value)
end


local function to_integer(value, number, name)
  local n = tonumber(value)
  if not n or type(value) == "boolean" then expected(name, number, "number", value) end
  return n < 0 and ceil(n) or floor(n)
end


-- Where the argument `init` is, from 0.
local function offset(init, n, name)
  local at = to_integer(init, 3, name)
  if at < 0 then at = at + n else at = at - 1 end
  if at <= 0 or at ~= at then return 0 end
  return at < n and at or n
end


-- ---- captures ----

-- Number i, from 0, of the match that is in `m`.
local function capture(s, i)
  local at, len = m.at[i], m.len[i]
  if len >= 0 then return sub(s, at + 1, at + len) end
  if len == POSITION then return at + 1 end
  fault.raise("unfinished capture")
end


local function captures(s, count)
  if count == 1 then return capture(s, 0) end
  if count == 2 then return capture(s, 0), capture(s, 1) end
  if count == 3 then return capture(s, 0), capture(s, 1), capture(s, 2) end
  local list = {}
  for i = 0, count - 1 do list[i + 1] = capture(s, i) end
  return unpack(list, 1, count)
end


-- The captures, or the whole match when there are none.
local function found(s)
  local count = m.count
  if count == 0 then return sub(s, m.from + 1, m.to) end
  return captures(s, count)
end


-- ---- the functions ----

function M.find(s, p, init, plain)
  if type(s) ~= "string" then s = to_text(s, 1, "find") end
  if type(p) ~= "string" then p = to_text(p, 2, "find") end
  local at = init == nil and 0 or offset(init, #s, "find")
  local rc
  if plain then
    rc = C.ln_match_plain(m, s, #s, p, #p, at)
  else
    rc = C.ln_match_find(m, s, #s, p, #p, at)
  end
  if rc == 0 then
    local count = m.count
    if count == 0 then return m.from + 1, m.to end
    return m.from + 1, m.to, captures(s, count)
  end
  if rc < 0 then mistake(rc) end
  return nil
end


function M.match(s, p, init)
  if type(s) ~= "string" then s = to_text(s, 1, "match") end
  if type(p) ~= "string" then p = to_text(p, 2, "match") end
  local at = init == nil and 0 or offset(init, #s, "match")
  local rc = C.ln_match_next(m, s, #s, p, #p, at, true)
  if rc == 0 then return found(s) end
  if rc < 0 then mistake(rc) end
  return nil
end


function M.gmatch(s, p)
  if type(s) ~= "string" then s = to_text(s, 1, "gmatch") end
  if type(p) ~= "string" then p = to_text(p, 2, "gmatch") end
  local at, n = 0, #s
  return function()
    if at > n then return nil end
    local rc = C.ln_match_next(m, s, n, p, #p, at, false)
    if rc < 0 then mistake(rc) end
    if rc ~= 0 then
      at = n + 1
      return nil
    end
    at = m.to > m.from and m.to or m.from + 1
    return found(s)
  end
end


-- ---- gsub ----

local PERCENT, ZERO, NINE = byte("%"), byte("0"), byte("9")
local PARTS = 256 -- texts that are gathered before they are put together


-- What the text `with` means for the match that is in `m`.
local function expand(s, with)
  local out, n, i = {}, 0, 1
  while i <= #with do
    local c = byte(with, i)
    local escape = native_find(with, "%", i, true) or #with + 1
    n = n + 1
    if c ~= PERCENT then
      out[n], i = sub(with, i, escape - 1), escape
    else
      c = byte(with, i + 1) or 0
      i = i + 2
      if c < ZERO or c > NINE then
        out[n] = string.char(c)
      elseif c == ZERO or (c == ZERO + 1 and m.count == 0) then
        out[n] = sub(s, m.from + 1, m.to)
      elseif c - ZERO > m.count then
        fault.raise("invalid capture index")
      else
        out[n] = capture(s, c - ZERO - 1)
      end
    end
  end
  return concat(out)
end


local function by_text(s, with)
  return expand(s, with)
end


local function by_table(s, with)
  local key
  if m.count == 0 then key = sub(s, m.from + 1, m.to) else key = capture(s, 0) end
  return with[key]
end


local function by_function(s, with)
  return (with(found(s)))
end


local function itself(_, with)
  return with
end


-- How a replacement is made from it.
local function maker(with)
  local kind = type(with)
  if kind == "number" then return itself, tostring(with) end
  if kind == "string" then return native_find(with, "%", 1, true) and by_text or itself, with end
  if kind == "table" then return by_table, with end
  if kind == "function" then return by_function, with end
  fault.raise("bad argument #3 to 'gsub' (string/function/table expected)")
end


local function replacement(value, original)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  if not value then return original end
  fault.raise(("invalid replacement value (a %s)"):format(type(value)))
end


function M.gsub(s, p, with, most)
  if type(s) ~= "string" then s = to_text(s, 1, "gsub") end
  if type(p) ~= "string" then p = to_text(p, 2, "gsub") end
  local make
  make, with = maker(with)
  local length = #s
  most = most == nil and length + 1 or to_integer(most, 4, "gsub")
  local whole, parts, n = nil, {}, 0
  local at, copied, count = 0, 0, 0
  local anchored = byte(p) == 94
  while count < most and at <= length do
    local rc = C.ln_match_next(m, s, length, p, #p, at, true)
    if rc < 0 then mistake(rc) end
    if rc ~= 0 then break end
    count = count + 1
    local from, to = m.from, m.to
    local value = make(s, with)
    if type(value) ~= "string" then value = replacement(value, sub(s, from + 1, to)) end
    parts[n + 1], parts[n + 2] = sub(s, copied + 1, from), value
    n = n + 2
    if n == PARTS then
      whole = whole or {}
      whole[#whole + 1] = concat(parts, "", 1, n)
      n = 0
    end
    copied, at = to, to > from and to or from + 1
    if anchored then break end
  end
  if count == 0 then return s, 0 end
  n = n + 1
  parts[n] = sub(s, copied + 1)
  local rest = concat(parts, "", 1, n)
  return whole and concat(whole) .. rest or rest, count
end


return M
