-- SPDX-License-Identifier: Apache-2.0
-- conditions.lua - the option `when`: what else a request must be like for a route to take it.
--
-- Declared conditions become tables that C evaluates (core/script/condition.c); a function is asked last. Those of the groups
-- around a route count with its own. `method`, `host` and `listener` are no conditions but what the route says otherwise by its
-- word and its options.

local address = require "lunette.schema_cidr"
local simple = require "lunette.schema_types"
local text = require "lunette.schema_text"

local M = {}

M.KEYS = { "client", "cookie", "header", "host", "listener", "method", "query", "scheme", "share" }
M.TESTS = { "contains", "prefix", "suffix" }

local SHARE = { "by", "seed" }
local VERB = { one_of = "is", prefix = "begins with", suffix = "ends with", contains = "contains" }
local SCHEMES = { "http", "https" }


-- ---- small words ----

local function quoted_list(list)
  local out = {}
  for i, one in ipairs(list) do out[i] = text.quote(one) end
  if #out < 2 then return out[1] end
  return table.concat(out, ", ", 1, #out - 1) .. " or " .. out[#out]
end


local function as_list(value)
  return type(value) == "table" and value or { value }
end


-- One or several texts -> a list; nil and a sentence otherwise. Numbers are texts here: { page = 2 }.
local function texts_of(value, judge)
  local list = {}
  for key in pairs(as_list(value)) do
    if type(key) ~= "number" then return nil, ("unexpected %s"):format(text.quote(tostring(key))) end
  end
  for i, one in ipairs(as_list(value)) do
    if type(one) == "number" then one = text.number(one) end
    if type(one) ~= "string" then return nil, "expected a text or a list of texts, got " .. text.show(one) end
    local why = judge and judge(one)
    if why then return nil, why end
    list[i] = one
  end
  if #list == 0 then return nil, "the list is empty, so that nothing would ever fit" end
  return list
end


-- "client", "header:NAME", "cookie:NAME", "query:NAME" -> { kind, name, seed }; nil and a sentence otherwise.
function M.key(by, seed)
  if by == nil then by = "client" end
  if seed ~= nil and type(seed) ~= "string" then return nil, "seed: expected a text, got " .. text.show(seed) end
  local kind, name
  if type(by) == "string" then kind, name = by:match("^(%a+):(.+)$") end
  if by == "client" then return { kind = "client", name = "", seed = seed or "" } end
  local known = kind == "header" or kind == "cookie" or kind == "query"
  if not known or (kind ~= "query" and not simple.is_header_name(name)) then
    return nil, 'by: expected "client", "header:NAME", "cookie:NAME" or "query:NAME", got ' .. text.show(by)
  end
  return { kind = kind, name = name, seed = seed or "" }
end


-- ---- values of headers, arguments and cookies ----

local function describe(kind, name, test, texts)
  local what = kind == "scheme" and "scheme" or ("%s %s"):format(kind, name)
  if test == "present" then return what .. " is there" end
  if test == "absent" then return what .. " is not there" end
  return ("%s %s %s"):format(what, VERB[test], quoted_list(texts))
end


local function value_test(value)
  if value == true then return "present", {} end
  if value == false then return "absent", {} end
  if type(value) ~= "table" or #value > 0 then
    local list, why = texts_of(value)
    return list and "one_of", list or why
  end
  local test, more = next(value)
  if test == nil or next(value, test) ~= nil then
    return nil, "expected one of " .. text.choices(M.TESTS) .. ', such as { prefix = "v2" }'
  end
  for _, known in ipairs(M.TESTS) do
    if test == known then
      local list, why = texts_of(value[test], function(one) return one == "" and "an empty text fits everything" end)
      return list and test, list or (test .. ": " .. why)
    end
  end
  return nil, ("unknown test %s%s"):format(text.quote(tostring(test)), text.hint(tostring(test), M.TESTS)), more
end


-- { Name = what } -> conditions
local function read_values(out, kind, given, complain)
  if type(given) ~= "table" or #given > 0 then
    return complain(kind, 'expected a table such as { ["X-Version"] = "2" }, got ' .. text.show(given))
  end
  for _, name in ipairs(text.ordered_keys(given)) do
    local at = text.path(kind, name)
    if type(name) ~= "string" or name == "" or (kind ~= "query" and not simple.is_header_name(name)) then
      complain(at, "expected a name")
    else
      local test, texts = value_test(given[name])
      if test then
        local shown = describe(kind, name, test, texts)
        out[#out + 1] = { kind = kind, name = name, test = test, texts = texts, text = shown }
      else
        complain(at, texts)
      end
    end
  end
end


-- ---- the other kinds ----

local readers = {}


function readers.client(out, value, complain)
  local list, why = texts_of(value, function(one)
    if not address.block(one) then
      return 'expected an address block such as "10.0.0.0/8" or "2001:db8::/32", got ' .. text.quote(one)
    end
  end)
  if not list then return complain("client", why) end
  out[#out + 1] = { kind = "client", blocks = list, text = "client is in " .. quoted_list(list):gsub('"', "") }
end


function readers.scheme(out, value, complain)
  local list, why = texts_of(value, function(one)
    if one == "http" or one == "https" then return nil end
    return ("expected %s, got %s"):format(text.choices(SCHEMES), text.quote(one))
  end)
  if not list then return complain("scheme", why) end
  out[#out + 1] = { kind = "scheme", test = "one_of", texts = list, text = describe("scheme", "", "one_of", list) }
end


local function percent(value)
  local n = value
  if type(value) == "string" then n = tonumber(value:match("^(%d+%.?%d*)%%$")) end
  if type(n) == "number" and n >= 0 and n <= 100 then return n end
  return nil, 'expected a percentage such as 10, "10%" or { 10, seed = "checkout" }, got ' .. text.show(value)
end


function readers.share(out, value, complain)
  local given = as_list(value)
  for _, key in ipairs(text.ordered_keys(given)) do
    if key ~= 1 and key ~= "by" and key ~= "seed" then
      key = tostring(key)
      return complain("share", ("unknown option %s%s"):format(text.quote(key), text.hint(key, SHARE)))
    end
  end
  local n, why = percent(given[1])
  if not n then return complain("share", why) end
  local key
  key, why = M.key(given.by, given.seed)
  if not key then return complain("share", why) end
  out[#out + 1] = {
    kind = "share", key = key, below = n / 100,
    text = ("share of %s%% by %s%s"):format(text.number(n), given.by or "client",
      given.seed and " with seed " .. text.quote(given.seed) or ""),
  }
end


-- ---- one `when` ----

local function function_place(f)
  local at = debug.getinfo(f, "S")
  return ("%s:%d"):format(at.source:match("([^/]*)$"), at.linedefined)
end


local function read_function(functions, f)
  functions[#functions + 1] = { kind = "function", call = f, text = "function at " .. function_place(f) }
end


local function read_table(out, functions, elsewhere, when, complain)
  for _, key in ipairs(text.ordered_keys(when)) do
    local value = when[key]
    if type(key) == "number" then
      if type(value) == "function" then
        read_function(functions, value)
      else
        complain(nil, ("place %d: expected a function, got %s"):format(key, text.show(value)))
      end
    elseif key == "header" or key == "query" or key == "cookie" then
      read_values(out, key, value, complain)
    elseif key == "method" or key == "host" or key == "listener" then
      elsewhere[key] = value
    elseif readers[key] then
      readers[key](out, value, complain)
    else
      complain(nil, ("unknown condition %s%s"):format(text.quote(tostring(key)), text.hint(tostring(key), M.KEYS)))
    end
  end
end


-- All conditions of `items` (the groups, then the route), each with `body.when`. `complain(item, sentence)` hears of mistakes.
-- Gives the list for C, functions last, and { method, host, listener } as written, with the item that wrote it.
function M.read(items, complain)
  local out, functions, elsewhere = {}, {}, {}
  for _, item in ipairs(items) do
    local when = item.body.when
    local function refuse(key, sentence)
      complain(item, ("when%s: %s"):format(key and "." .. key or "", sentence))
    end
    if type(when) == "function" then
      read_function(functions, when)
    elseif type(when) == "table" and getmetatable(when) == nil then
      local said = {}
      read_table(out, functions, said, when, refuse)
      for key, value in pairs(said) do
        if elsewhere[key] then refuse(key, "a group around it says this already") end
        elsewhere[key] = { value = value, item = item }
      end
    elseif when ~= nil then
      refuse(nil, "expected a table of conditions or a function, got " .. text.show(when))
    end
  end
  for _, condition in ipairs(functions) do out[#out + 1] = condition end
  return out, elsewhere
end


return M
