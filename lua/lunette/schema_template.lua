-- SPDX-License-Identifier: Apache-2.0
-- schema_template.lua - "{client.id}:{req.path}" becomes a function of the request.
--
-- A name in braces is read from the request, "{{" stands for a brace. What is not there gives no text. "{req.args.next|url}" says
-- what the value stands in, and is escaped for that; a setting can say so for all names, and "|raw" takes one out. The braces are
-- bare because "${NAME}" in gateway.yaml is the environment.

local text = require "lunette.schema_text"

local M = {}

local NAMES_MAX = 40

-- Names that are complete, and names that are followed by one more word.
local FIELDS = {
  ["req.method"] = function(req) return req.method end,
  ["req.path"] = function(req) return req.path end,
  ["req.query"] = function(req) return req.query end,
  ["req.host"] = function(req) return req.host end,
  ["req.scheme"] = function(req) return req.scheme end,
  ["req.version"] = function(req) return req.version end,
  ["req.port"] = function(req) return req.port end,
  ["req.listener"] = function(req) return req.listener end,
  ["req.id"] = function(req) return req.id end,
  ["req.route"] = function(req) return req.route end,
  ["client.id"] = function(req) return req.client.id end,
  ["client.ip"] = function(req) return req.client.ip end,
  ["client.network"] = function(req) return req.client.network end,
  ["client.peer"] = function(req) return req.client.peer end,
}
local TABLES = { headers = true, params = true, args = true, cookies = true, ctx = true }

-- They come as they stand in a URL: no escape for URLs makes them better. (req.params.rest keeps its slashes, too.)
local OF_URLS = { ["req.path"] = true, ["req.query"] = true, ["req.host"] = true, ["req.scheme"] = true }

M.ESCAPES = { url = true, path = true, json = true, html = true }


local function known_names()
  local names = text.sorted_keys(FIELDS)
  for _, tbl in ipairs(text.sorted_keys(TABLES)) do
    names[#names + 1] = ("req.%s.NAME"):format(tbl)
  end
  return names
end


local function reader(name)
  if FIELDS[name] then return FIELDS[name] end
  local tbl, key = name:match("^req%.(%l+)%.([^%s]+)$")
  if not TABLES[tbl] then return nil, ("unknown name %s%s"):format(text.quote(name), text.hint(name, known_names())) end
  return function(req) return req[tbl][key] end
end


local function escaping(read, escape)
  return function(req)
    local value = read(req)
    if value == nil then return nil end
    return escape(tostring(value))
  end
end


-- What stands between braces: a name, and how it is escaped.
local function piece(inside, escape, escapes)
  local name, own = inside:match("^([^|]*)|(.*)$")
  name = name or inside
  local read, why = reader(name)
  if not read then return nil, why end
  if own and own ~= "raw" and not M.ESCAPES[own] then
    local known = text.sorted_keys(M.ESCAPES)
    known[#known + 1] = "raw"
    return nil, ("unknown escape %s: expected one of %s"):format(text.quote(own), text.choices(known))
  end
  own = own or escape
  if own == "url" and name == "req.params.rest" then own = "path" end
  if own == "raw" or ((own == "url" or own == "path") and OF_URLS[name]) then own = nil end
  if not own or not escapes then return read end
  return escaping(read, escapes[own])
end


-- The pieces of a template: strings and readers in turn. nil and a sentence when it is none.
local function pieces(template, escape, escapes)
  local list, names, at = {}, 0, 1
  while at <= #template do
    local open = template:find("{", at, true)
    if not open then break end
    if open > at then list[#list + 1] = template:sub(at, open - 1) end
    if template:sub(open + 1, open + 1) == "{" then
      list[#list + 1], at = "{", open + 2
    else
      local inside = template:match("^([^{}]*)}", open + 1)
      if not inside then return nil, ('column %d: a "{" without its "}"; a brace itself is "{{"'):format(open) end
      local read, why = piece(inside, escape, escapes)
      if not read then return nil, ("column %d: %s"):format(open + 1, why) end
      names = names + 1
      if names > NAMES_MAX then return nil, ("column %d: at most %d names are possible"):format(open, NAMES_MAX) end
      list[#list + 1], at = read, open + #inside + 2
    end
  end
  if at <= #template then list[#list + 1] = template:sub(at) end
  return list
end


-- The function; nil and a sentence. `escape` is a word of ESCAPES, for names that have none of their own; `escapes` has the
-- functions of these names, and without it nothing is escaped.
--
-- It is written as one expression, because a loop over two or three pieces would not be compiled.
function M.compile(template, escape, escapes)
  local list, why = pieces(template, escape, escapes)
  if not list then return nil, why end
  local parameters, parts, readers = {}, { '""' }, {}
  for _, one in ipairs(list) do
    if type(one) == "function" then
      readers[#readers + 1] = one
      parameters[#parameters + 1] = "r" .. #readers
      parts[#parts + 1] = ('(r%d(req) or "")'):format(#readers)
    else
      parts[#parts + 1] = ("%q"):format(one)
    end
  end
  local head = #readers > 0 and ("local %s = ...\n"):format(table.concat(parameters, ", ")) or ""
  local source = ("%sreturn function(req) return %s end"):format(head, table.concat(parts, " .. "))
  return assert(loadstring(source, "=template"))(unpack(readers))
end


return M
