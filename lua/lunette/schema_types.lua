-- SPDX-License-Identifier: Apache-2.0
-- schema_types.lua - the types of settings that are one word or one number.
--
-- A row is { options, noun, parse, json, help }. noun(t) says what is expected, for messages and the
-- reference. parse(t, value, state, path) gives the value that the plugin will see, or reports
-- through `state` and gives nil. help is the sentence of a setting that has none of its own, for a
-- type that means the same wherever it stands.

local text = require "lunette.schema_text"

local types = {}
local M = { types = types }

local LENGTH = { min = true, max = true }


local function length_ok(t, n)
  return n >= (t.min or 0) and n <= (t.max or math.huge)
end


local function text_json(t)
  return { type = "string", minLength = t.min, maxLength = t.max }
end


-- A string with a rule: `ok(value)` judges what has passed the length check, `shown(value)` is what a message shows of another.
local function text_type(noun, ok, shown)
  return {
    options = LENGTH,
    noun = function(t) return noun .. text.range(t.min, t.max, "character") end,
    parse = function(t, value, state, path)
      local good = type(value) == "string" and length_ok(t, #value)
      if good and (not ok or ok(value)) then return value end
      return state:expected(path, t, shown and type(value) == "string" and shown(value) or value)
    end,
    json = text_json,
  }
end


types.string = text_type("a string")


function M.is_header_name(s)
  return type(s) == "string" and s:find("^[%w!#$%%&'*+.^_`|~-]+$") ~= nil
end


-- RFC 9110 section 5.5: no control characters but the tab, no white space at the edges.
function M.is_header_value(s)
  return not s:find("[%z\1-\8\10-\31\127]") and not s:find("^[ \t]") and not s:find("[ \t]$")
end


types.header_name = text_type("a header name", M.is_header_name)
types.header_value = text_type("a header value", M.is_header_value)


-- What an answer may have as its content.
types.content = {
  options = {},
  noun = function() return "a text or a table that becomes JSON" end,
  parse = function(t, value, state, path)
    if type(value) == "string" then return value end
    if type(value) ~= "table" then return state:expected(path, t, value) end
    local ok, why = pcall(require("lunette.json").encode, value)
    return ok and value or state:expected(path, t, value, ": " .. tostring(why))
  end,
  json = function() return { type = { "string", "object", "array" } } end,
}


-- RFC 9110 section 8.3.1, and with stars as res:transforms() takes them.
types.media_type = text_type('a content type such as "text/html", "text/*" or "application/*+json"', function(s)
  local main, sub = s:match("^([%w!#$&^_.+*-]+)/([%w!#$&^_.+*-]+)$")
  if not main then return false end
  if main == "*" then return sub == "*" end
  return not main:find("*", 1, true) and (not sub:find("*", 1, true) or sub:find("^%*$") or sub:find("^%*%+[^*]+$"))
end)


-- Anything that can be written down.
types.any = {
  options = {},
  noun = function() return "any value" end,
  parse = function(t, value) return value end,
  json = function() return {} end,
}


types.url = text_type('a URL such as "http://host:8080/path"', function(s)
  local scheme, rest = s:match("^(%a[%w+.-]*)://(.+)$")
  return scheme ~= nil and not rest:find("[%c%s]") and rest:find("^[^/?#]") ~= nil
end, function(s)
  return (s:gsub("^.*@", "***@"):gsub("([?#]).*$", "%1***")) -- passwords and tokens
end)


-- The end of the set that opens at `at` ("["), or nil.
local function set_end(p, at)
  local i = at + 1
  if p:sub(i, i) == "^" then i = i + 1 end
  repeat
    if i > #p then return nil end
    i = i + (p:sub(i, i) == "%" and 2 or 1)
  until p:sub(i, i) == "]"
  return i <= #p and i or nil
end


-- One item that begins with "%": the index of its last character, or nil.
local function escape_end(p, at, closed)
  local c = p:sub(at + 1, at + 1)
  if c == "" then return nil end
  if c == "b" then return at + 3 <= #p and at + 3 or nil end
  if c == "f" then return p:sub(at + 2, at + 2) == "[" and set_end(p, at + 2) or nil end
  if c:find("%d") and not closed[tonumber(c)] then return nil end
  return at + 1
end


-- string.find() only notices a malformed pattern when a subject leads it there, so we read the
-- pattern ourselves.
local function is_pattern(p)
  local open, closed, count, i = {}, {}, 0, 1
  while i <= #p do
    local c = p:sub(i, i)
    if c == "(" then
      count = count + 1
      open[#open + 1] = count
    elseif c == ")" then
      local capture = table.remove(open)
      if not capture then return false end
      closed[capture] = true
    elseif c == "[" then
      i = set_end(p, i)
    elseif c == "%" then
      i = escape_end(p, i, closed)
    end
    if not i then return false end
    i = i + 1
  end
  return #open == 0 and count <= 32
end


types.pattern = text_type("a Lua pattern", is_pattern)


local function number_type(noun, json_type, ok)
  return {
    options = { min = true, max = true },
    noun = function(t)
      return noun .. text.range(t.min and text.number(t.min), t.max and text.number(t.max))
    end,
    parse = function(t, value, state, path)
      local min, max = t.min or -math.huge, t.max or math.huge
      if type(value) == "number" and ok(value) and value >= min and value <= max then
        return value
      end
      return state:expected(path, t, value)
    end,
    json = function(t) return { type = json_type, minimum = t.min, maximum = t.max } end,
  }
end


types.number = number_type("a number", "number", function(n)
  return n == n and math.abs(n) < math.huge
end)


types.integer = number_type("an integer", "integer", function(n)
  return n % 1 == 0 and math.abs(n) <= 2 ^ 53
end)


local BOOLEAN = { [true] = true, [false] = false, on = true, off = false }

types.boolean = {
  options = {},
  noun = function() return "true or false" end,
  parse = function(t, value, state, path)
    local known = BOOLEAN[value]
    if known == nil then return state:expected(path, t, value) end
    return known
  end,
  json = function() return { type = "boolean" } end,
}


types.oneof = {
  options = {},
  positions = true,
  define = function(t)
    if #t == 0 then return 'expected its choices, such as t.oneof { "a", "b" }' end
    for i, word in ipairs(t) do
      if type(word) ~= "string" then
        return ("choice %d: expected a string, got %s"):format(i, text.show(word))
      end
    end
  end,
  noun = function(t) return #t == 1 and text.choices(t) or "one of " .. text.choices(t) end,
  parse = function(t, value, state, path)
    for _, word in ipairs(t) do
      if value == word then return value end
    end
    return state:expected(path, t, value, type(value) == "string" and text.hint(value, t) or "")
  end,
  json = function(t)
    local words = {}
    for i, word in ipairs(t) do words[i] = word end
    return { enum = words }
  end,
}


return M
