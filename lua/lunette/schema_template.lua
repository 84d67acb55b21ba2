-- SPDX-License-Identifier: Apache-2.0
-- schema_template.lua - "{client.id}:{req.path}" becomes a function of the request.
--
-- A name in braces is read from the request, "{{" stands for a brace. What is not there gives no
-- text. The braces are bare because "${NAME}" in gateway.yaml is the environment.

local text = require "lunette.schema_text"

local M = {}

-- Names that are complete, and names that are followed by one more word.
local FIELDS = {
  ["req.method"] = function(req) return req.method end,
  ["req.path"] = function(req) return req.path end,
  ["req.query"] = function(req) return req.query end,
  ["req.host"] = function(req) return req.host end,
  ["req.scheme"] = function(req) return req.scheme end,
  ["req.id"] = function(req) return req.id end,
  ["req.route"] = function(req) return req.route end,
  ["client.id"] = function(req) return req.client.id end,
  ["client.ip"] = function(req) return req.client.ip end,
}
local TABLES = { headers = true, params = true, args = true, cookies = true }


local function reader(name)
  if FIELDS[name] then return FIELDS[name] end
  local tbl, key = name:match("^req%.(%l+)%.([^%s]+)$")
  if not TABLES[tbl] then return nil end
  return function(req) return req[tbl][key] end
end


local function known_names()
  local names = text.sorted_keys(FIELDS)
  for _, tbl in ipairs(text.sorted_keys(TABLES)) do
    names[#names + 1] = ("req.%s.NAME"):format(tbl)
  end
  return names
end


-- The pieces of a template: strings and readers in turn. nil and a sentence when a name is not
-- known.
local function pieces(template)
  local list, at = {}, 1
  while at <= #template do
    local open = template:find("{", at, true)
    if not open then break end
    if open > at then list[#list + 1] = template:sub(at, open - 1) end
    if template:sub(open + 1, open + 1) == "{" then
      list[#list + 1], at = "{", open + 2
    else
      local name = template:match("^([^{}]*)}", open + 1)
      if not name then return nil, 'a "{" without its "}"; a brace itself is "{{"' end
      local read = reader(name)
      if not read then
        return nil, ("unknown name %s%s"):format(text.quote(name), text.hint(name, known_names()))
      end
      list[#list + 1], at = read, open + #name + 2
    end
  end
  if at <= #template then list[#list + 1] = template:sub(at) end
  return list
end


function M.compile(template)
  local list, why = pieces(template)
  if not list then return nil, why end
  return function(req)
    local out = ""
    for i = 1, #list do
      local piece = list[i]
      if type(piece) == "function" then piece = piece(req) end
      if piece ~= nil then out = out .. piece end
    end
    return out
  end
end


return M
