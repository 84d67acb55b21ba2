-- SPDX-License-Identifier: Apache-2.0
-- advice.lua - warnings about a routes file: what is allowed and has no effect, so that it was hardly meant.

local host = require "lunette.host"
local text = require "lunette.schema_text"
local words = require "lunette.words"

local M = {}

-- Options that a reply leaves nothing to do for.
local WITHOUT_SERVICE = { "idempotent", "priority", "retries", "strip", "timeout", "to", "tries" }


local function warn(item, message, ...)
  host.report("warning", item.file, item.line, message:format(...))
end


local function title(item)
  return ("in %s %s"):format(item.word, text.quote(item.path))
end


local function about_reply(route)
  if route.body.reply == nil then return end
  for _, option in ipairs(WITHOUT_SERVICE) do
    if route.body[option] ~= nil then
      warn(route, "%s: %s has no effect, because reply answers every request", title(route), option)
    end
  end
end


local function about_strip(item, path)
  local strip = item.body.strip
  if strip == true and path and path:find("^/[:*]") then
    warn(item, "%s: strip has no effect, because nothing stands before the first parameter", title(item))
  elseif strip == "" or strip == "/" then
    warn(item, "%s: strip has no effect, because %s is nothing to take off", title(item), text.quote(strip))
  end
end


-- The last route below an item of a group, by its number; 0: there is none.
local function last_route(group)
  local last = 0
  local function look(list)
    for _, part in ipairs(list) do
      if words.is_item(part, "route") then
        last = math.max(last, part.seq)
      elseif words.is_item(part, "group") and type(part.body) == "table" then
        look(part.body)
      elseif type(part) == "table" and getmetatable(part) == nil then
        look(part)
      end
    end
  end
  look(group.body)
  return last
end


local function about_group(group)
  local last = last_route(group)
  if last == 0 then return warn(group, "%s: no route stands in it", title(group)) end
  for _, part in ipairs(group.body) do
    if words.is_item(part, "use") and part.seq > last then
      warn(part, "use %s: no route of the group follows it", text.quote(tostring(part.plugin)))
    end
  end
end


local function about_names(items)
  local seen = {}
  for _, item in ipairs(items) do
    local name = item.kind == "route" and not rawget(item, "broken") and item.body.name
    if name and seen[name] then
      warn(item, "%s: the name %s is also that of the route at %s:%d; logs cannot tell them apart", title(item),
        text.quote(name), seen[name].file, seen[name].line)
    elseif name then
      seen[name] = item
    end
  end
end


-- `items`: all of a load, in order, after routes have been made of them. `paths`: route -> its whole path.
function M.give(items, paths)
  for _, item in ipairs(items) do
    local broken = rawget(item, "broken")
    if item.kind == "use" and rawget(item, "owner") == nil and not rawget(item, "followed") then
      warn(item, "use %s: no route follows it", text.quote(tostring(item.plugin)))
    elseif item.kind == "split" and rawget(item, "made") == nil then
      warn(item, "split: no route goes to it")
    elseif item.kind == "group" and not broken then
      about_group(item)
      about_strip(item)
    elseif item.kind == "route" and not broken then
      about_reply(item)
      about_strip(item, paths[item])
    end
  end
  about_names(items)
end


return M
