-- SPDX-License-Identifier: Apache-2.0
-- splits.lua - `to = split { { a, 90 }, { b, 10 }, by = "client" }`: checks it, and makes what C chooses by.

local conditions = require "lunette.conditions"
local services = require "lunette.services"
local text = require "lunette.schema_text"
local words = require "lunette.words"

local M = {}

local OPTIONS = { "by", "seed" }
local WEIGHT_MAX = 1000000
local PARTS_MAX = 64

local list, zones


function M.reset()
  list, zones = {}, {}
end


function M.all()
  return list
end


local function read_part(part)
  if type(part) ~= "table" or words.is_item(part) or #part ~= 2 then
    return nil, "expected { service, weight }, got " .. text.show(part)
  end
  local to, weight = part[1], part[2]
  if words.is_item(to, "service") then
    if rawget(to, "broken") then return nil end
    to = to.name
  end
  local index, why = services.index_of(to)
  if not index then return nil, why end
  if type(weight) ~= "number" or weight % 1 ~= 0 or weight < 0 or weight > WEIGHT_MAX then
    return nil, ("expected a weight from 0 to %d, got %s"):format(WEIGHT_MAX, text.show(weight))
  end
  return { index = index, name = services.by_index(index).name, weight = weight }
end


local function check_options(given)
  for _, key in ipairs(text.ordered_keys(given)) do
    if type(key) ~= "number" and key ~= "by" and key ~= "seed" then
      return ("unknown option %s%s"):format(text.quote(tostring(key)), text.hint(tostring(key), OPTIONS))
    end
  end
  if #given == 0 or #given > PARTS_MAX then return ("expected 1 to %d services with weights"):format(PARTS_MAX) end
end


local function describe(parts, by, total)
  local out = {}
  for i, part in ipairs(parts) do
    out[i] = ("%s %s%%"):format(part.name, text.number(math.floor(part.weight / total * 1000 + 0.5) / 10))
  end
  return "split " .. table.concat(out, ", ") .. (by and " by " .. by or "")
end


-- Cursors keep their places over reloads as long as the services of a split stay the same.
local function zone_of(parts)
  local names = {}
  for i, part in ipairs(parts) do names[i] = part.name end
  local name = "split " .. table.concat(names, " ")
  zones[name] = (zones[name] or 0) + 1
  return ("%s #%d"):format(name, zones[name])
end


-- The number of the split; nil and a sentence (or nothing, when it was told already).
local function make(given)
  local why = check_options(given)
  if why then return nil, why end
  local parts, seen, total = {}, {}, 0
  for i, written in ipairs(given) do
    local part, fault = read_part(written)
    if not part then return nil, fault and ("place %d: %s"):format(i, fault) end
    if seen[part.index] then return nil, ("place %d: %s stands there twice"):format(i, text.quote(part.name)) end
    seen[part.index] = true
    total = total + part.weight
    parts[#parts + 1] = part
  end
  if total == 0 then return nil, "all weights are 0, so that no request could go anywhere" end
  local key
  if given.by ~= nil or given.seed ~= nil then
    key, why = conditions.key(given.by, given.seed)
    if not key then return nil, why end
    key.seed = "split " .. key.seed -- a client's place in a share says nothing about its place here
  end
  local out = { services = {}, weights = {}, key = key, text = describe(parts, key and (given.by or "client"), total) }
  for _, part in ipairs(parts) do
    if part.weight > 0 then
      out.services[#out.services + 1], out.weights[#out.weights + 1] = part.index, part.weight
    end
  end
  if not key then out.zone = zone_of(parts) end
  list[#list + 1] = out
  return #list
end


-- The number of a split that a routes file has made; the same for every route that names it. Mistakes go to `complain`, once.
function M.number(item, complain)
  local known = rawget(item, "made")
  if known ~= nil then return known or nil end
  local number, why = make(item.parts)
  if why then complain("split: " .. why) end
  rawset(item, "made", number or false)
  return number
end


return M
