-- SPDX-License-Identifier: Apache-2.0
-- words.lua - the vocabulary of a routes file: service, use, group, get and the other methods, include, env, file, split.
--
-- `use` inside a table is evaluated before the route that owns the table. So every word takes a sequence number and keeps its
-- place, and nothing is decided before the whole file has run: a `use` that no route or group has claimed by then holds for
-- the routes below it in its file. lua/lunette/routes.lua decides.

local json = require "lunette.json"
local text = require "lunette.schema_text"

local M = {}

M.METHODS = { "get", "post", "put", "patch", "delete", "head", "options", "any" }

local Item = { __metatable = "routes" } -- what the words give: it can only be put into a table
Item.__index = function(_, key) error(("a route file cannot read %s here"):format(text.quote(tostring(key))), 2) end
Item.__newindex = function() error("what a word of the route language gives cannot be changed", 2) end


-- Where the route file is that called the word: the first level outside of our own modules.
local function place(level)
  local at = debug.getinfo(level + 1, "Sl")
  return at.source:sub(2), at.currentline
end


local function is_item(value, kind)
  return type(value) == "table" and getmetatable(value) == "routes" and (kind == nil or rawget(value, "kind") == kind)
end
M.is_item = is_item


-- `report(file, line, text)` collects mistakes; `run_file(path, frame)` runs an included file. One load has one state.
function M.new_state(report, run_file, host)
  return { report = report, run_file = run_file, host = host, seq = 0, items = {} }
end


local function new_item(state, frame, kind, fields, level, metatable)
  state.seq = state.seq + 1
  fields.kind, fields.seq, fields.frame = kind, state.seq, frame
  fields.file, fields.line = place(level + 1)
  state.items[#state.items + 1] = fields
  return setmetatable(fields, metatable or Item)
end


-- An item that may be called once, with its settings.
local function callable(word)
  return {
    __metatable = "routes",
    __index = Item.__index,
    __newindex = Item.__newindex,
    __call = function(self, settings)
      if rawget(self, "settings") ~= nil then error(word .. ": the settings have been given already", 2) end
      if type(settings) ~= "table" then error(("%s: expected a table, got %s"):format(word, text.show(settings)), 2) end
      rawset(self, "settings", settings)
      return self
    end,
  }
end

local Use, Service = callable "use", callable "service"


-- use "name" or use "name" { settings }
local function use_word(state, frame)
  return function(name)
    local item = new_item(state, frame, "use", { plugin = name }, 2, Use) -- no tail call: it would hide the place
    return item
  end
end


-- service "name", or service "name" { settings } to declare one
local function service_word(state, frame)
  return function(name)
    local item = new_item(state, frame, "service", { name = name }, 2, Service)
    return item
  end
end


local function block_word(state, frame, kind, fields)
  return function(path)
    local called_file, called_line = place(2)
    return function(body)
      local copy = { path = path, body = body }
      for key, value in pairs(fields) do copy[key] = value end
      local item = new_item(state, frame, kind, copy, 2)
      rawset(item, "file", called_file)
      rawset(item, "line", called_line)
      if type(path) ~= "string" or path:sub(1, 1) ~= "/" then
        state.report(called_file, called_line, ("in %s %s: expected a path that begins with a slash")
          :format(fields.word, type(path) == "string" and text.quote(path) or text.show(path)))
        rawset(item, "broken", true)
      elseif type(body) ~= "table" or is_item(body) then
        state.report(called_file, called_line, ("in %s %s: expected a table, got %s")
          :format(fields.word, text.quote(path), text.show(body)))
        rawset(item, "broken", true)
      end
      return item
    end
  end
end


local function env_word(state)
  return function(name, default)
    if type(name) ~= "string" then error("env: expected the name of a variable, got " .. text.show(name), 2) end
    local value = state.host.env(name)
    if value ~= nil and (value ~= "" or default == nil) then return value end -- as ${NAME:-default} in YAML
    if default == nil then error(("env: %s is not set and has no default"):format(text.quote(name)), 2) end
    return default
  end
end


local function path_from(frame, name)
  if name:sub(1, 1) == "/" then return name end
  return (frame.path:match("^(.*/)") or "") .. name
end


-- The bytes of a file beside this one: part of what is loaded, so every worker has the same.
local function file_word(state, frame)
  return function(name)
    if type(name) ~= "string" then error("file: expected the name of a file, got " .. text.show(name), 2) end
    local bytes, why = state.host.read(path_from(frame, name))
    if not bytes then error(("file: %s"):format(why), 2) end
    return bytes
  end
end


-- split { { service, weight }, ..., by = "client" }: judged by the first route that goes there.
local function split_word(state, frame)
  return function(parts)
    if type(parts) ~= "table" or is_item(parts) then
      error("split: expected a table such as { { a, 90 }, { b, 10 } }, got " .. text.show(parts), 2)
    end
    local item = new_item(state, frame, "split", { parts = parts }, 2)
    return item
  end
end


-- Runs another file here. What it declares comes back as a list, so that a group can claim it.
local function include_word(state, frame)
  return function(name)
    if type(name) ~= "string" then error("include: expected the name of a file, got " .. text.show(name), 2) end
    local file, line = place(2)
    local path = path_from(frame, name)
    local up = frame
    while up do
      if up.path == path then error(("include: %s includes itself"):format(text.quote(name)), 2) end
      up = up.parent
    end
    local first = #state.items + 1
    state.run_file(path, frame, { file = file, line = line })
    local list = {}
    for i = first, #state.items do
      local item = state.items[i]
      if not rawget(item, "owner") and (item.kind == "route" or item.kind == "group") then list[#list + 1] = item end
    end
    return list
  end
end


-- The words as a route file with this frame ({ path, parent }) sees them.
function M.words(state, frame)
  local words = {
    env = env_word(state),
    file = file_word(state, frame),
    group = block_word(state, frame, "group", { word = "group" }),
    include = include_word(state, frame),
    json = json,
    service = service_word(state, frame),
    split = split_word(state, frame),
    use = use_word(state, frame),
  }
  for _, method in ipairs(M.METHODS) do
    local name = method ~= "any" and method:upper() or nil
    words[method] = block_word(state, frame, "route", { word = method, method = name })
  end
  return words
end


return M
