-- SPDX-License-Identifier: Apache-2.0
-- schema_ask.lua - the types of settings that ask the request: key (who is counted), amount (how much it costs).
--
-- They become functions without loops, so that the compiler makes one trace of a chain that calls them.

local template = require "lunette.schema_template"
local text = require "lunette.schema_text"

local types = {}
local M = { types = types }

local KEYS_MAX = 8
local AMOUNT_MAX = 1e9

local WORDS = {
  client = function(req) return req.client.key end, -- no client can have the key of one that another source tells
  ip = function(req) return req.client.network end, -- who has a network has more addresses than anybody can count
  route = function(req) return req.route end,
  host = function(req) return req.host end,
  method = function(req) return req.method end,
}

local READ = {
  header = function(req, name) return req.headers[name] end,
  query = function(req, name) return req.args[name] end,
  cookie = function(req, name) return req.cookies[name] end,
}


-- What limiters read by themselves, so that no text is made of it: lunette.store_take.
local COUNTED = {
  client = { by = "client", name = "", mark = "" },
  ip = { by = "ip", name = "", mark = "" },
}


local function mark_of(kind, name)
  return kind .. ":" .. name:lower() .. "="
end


local function counted(value)
  if type(value) ~= "string" then return nil end
  local name = value:match("^header:([^%s%c]+)$")
  return COUNTED[value] or name and { by = "header", name = name, mark = mark_of("header", name) }
end


-- A value that clients choose is marked with where it stood: it is never equal to an identity.
local function reader(kind, name)
  local read, mark = READ[kind], mark_of(kind, name)
  return function(req)
    local value = read(req, name)
    if value and value ~= "" then return mark .. value end
    return nil
  end
end


-- What stands for the key in names that all workers must agree on.
local function title(value)
  if type(value) == "function" then
    local at = debug.getinfo(value, "S")
    return ("function at %s:%d"):format(at.short_src, at.linedefined)
  end
  if type(value) ~= "table" then return value end
  local titles = {}
  for i, one in ipairs(value) do titles[i] = title(one) end
  return table.concat(titles, ",")
end


-- Is there a function in it? Then its title is a place in a file, which moves.
local function has_function(value)
  if type(value) ~= "table" then return type(value) == "function" end
  for _, one in ipairs(value) do
    if has_function(one) then return true end
  end
  return false
end


-- A number is a name like any other.
local function asking(f)
  return function(req)
    local value = f(req)
    if value == nil or type(value) == "string" then return value end
    if type(value) == "number" then return text.number(value) end
    error(("by: expected a text, a number or nil of the %s, got %s"):format(title(f), text.show(value)), 0)
  end
end


-- A function of the request, or nil and what is wrong.
local function part(value, state)
  if type(value) == "function" then return asking(value) end
  if type(value) ~= "string" then return nil end
  if WORDS[value] then return WORDS[value] end
  local kind, name = value:match("^(%l+):([^%s%c]+)$")
  if READ[kind] then return reader(kind, name), nil, true end
  if value:find("{", 1, true) then
    local read, why = template.compile(value, nil, state.env.escape)
    return read, why and ": " .. why
  end
  return nil, text.hint(value, text.sorted_keys(WORDS))
end


-- Whom one source does not tell is counted by his identity: leaving the header out gains nothing.
local function or_client(read)
  return function(req) return read(req) or req.client.key end
end


local function joined(first, rest)
  return function(req) return (first(req) or "") .. "\n" .. (rest(req) or "") end
end


local function several(t, list, state, path)
  local key
  if #list == 0 or #list > KEYS_MAX then return state:expected(path, t, list) end
  for i = #list, 1, -1 do
    local one, why = part(list[i], state)
    if not one then return state:expected(text.path(path, i), t, list[i], why) end
    key = key and joined(one, key) or one
  end
  return key
end


local function single(t, value, state, path)
  local key, why, may_miss = part(value, state)
  if not key then return state:expected(path, t, value, why) end
  return may_miss and or_client(key) or key
end


types.key = {
  options = {},
  help = "Who is counted: the client identity, the client's address (of IPv6 its network, by "
    .. "`gateway.identity.ipv6Prefix`), the route as a whole, a header, a template, what a function gives (nil: not "
    .. "counted), or a list of these for what they are together.",
  noun = function()
    return ('%s, "header:NAME", "query:NAME", "cookie:NAME", a template, a function, or a list of these')
      :format((text.choices(text.sorted_keys(WORDS)):gsub(" or ", ", ")))
  end,
  parse = function(t, value, state, path)
    local parse = type(value) == "table" and several or single
    local of, read = parse(t, value, state, path), counted(value)
    if not of then return nil end
    return {
      of = of, key = read and function() return read end or of,
      title = title(value), has_function = has_function(value),
    }
  end,
  json = function()
    local one = { type = "string", minLength = 1 }
    return { anyOf = { one, { type = "array", items = one, minItems = 1, maxItems = KEYS_MAX } } }
  end,
}


-- A number that may be taken; nil where there is none. `least` keeps what clients may have written from being free.
local function whole(value, least)
  local n = tonumber(value)
  if not n or n ~= n or n < 0 then return nil end
  if n >= AMOUNT_MAX then return AMOUNT_MAX end
  n = n + 0.999999
  n = n - n % 1
  return n < least and least or n
end


local function from_header(name, of_response)
  if of_response then return function(_, res) return whole(res.headers[name], 0) end end
  return function(req) return whole(req.headers[name], 1) end
end


local function amount(t, value, state)
  if type(value) == "number" and value >= 0 and value <= AMOUNT_MAX and value % 1 == 0 then
    return function() return value end
  end
  if type(value) == "function" then return function(req, res) return whole(value(req, res), 0) end end
  if type(value) ~= "string" then return nil end
  local name = value:match("^header:([%w!#$%%&'*+.^_`|~-]+)$")
  if name then return from_header(name, t.of == "response") end
  if not value:find("{", 1, true) then return nil end
  local read, why = template.compile(value, nil, state.env.escape)
  if not read then return nil, ": " .. why end
  return function(req) return whole(read(req), 1) end
end


types.amount = {
  options = { of = true },
  define = function(t)
    if t.of ~= nil and t.of ~= "response" then return 'of: expected "response", got ' .. text.show(t.of) end
  end,
  noun = function() return 'a whole number, "header:NAME", a template or a function' end,
  parse = function(t, value, state, path)
    local ask, why = amount(t, value, state)
    return ask or state:expected(path, t, value, why)
  end,
  json = function() return { anyOf = { { type = "integer", minimum = 0 }, { type = "string" } } } end,
}


return M
