-- SPDX-License-Identifier: Apache-2.0
-- routes.lua - makes routes and their chains of what a routes file has said, and of the services of gateway.yaml.
--
-- The plugins of a route are, in the order in which one reads: those that the file uses above it, those of its groups above it,
-- its own. An inline function stands where it is written. `reply` and `to` come last.

local advice = require "lunette.advice"
local api = require "lunette.api"
local chain = require "lunette.chain"
local host = require "lunette.host"
local options = require "lunette.route_options"
local plugins = require "lunette.plugins"
local preflight = require "lunette.preflight"
local sandbox = require "lunette.sandbox"
local services = require "lunette.services"
local text = require "lunette.schema_text"
local words = require "lunette.words"

local M = {}

-- Of the load that runs: words.new_state(), the list of finished routes, and route -> its whole path.
local state, out, paths


local function report(file, line, message)
  host.report("error", file, line, message)
end


-- ---- running files ----

-- "path:12: message" -> path, 12, message. Lua shortens long paths at the front.
local function take_place(message, path)
  local shown, line, rest = message:match("^(.-):(%d+): (.*)$")
  if not shown then return path, 0, message end
  local tail = shown:match("^%.%.%.(.*)$")
  if tail and path:sub(-#tail) == tail then shown = path end
  return shown, tonumber(line), rest
end
M.take_place = take_place


local function run_file(path, parent, place)
  local bytes, why = host.read(path)
  if not bytes then return report(place.file, place.line, why) end
  local frame = { path = path, parent = parent }
  local vocabulary = words.words(state, frame)
  for name, value in pairs(api.words("routes")) do
    if vocabulary[name] == nil then vocabulary[name] = value end
  end
  local run, message = sandbox.compile(bytes, path, sandbox.environment(vocabulary))
  local ok = run ~= nil
  if run then ok, message = pcall(run) end
  if ok then return end
  if type(message) ~= "string" then message = "raised " .. text.show(message) end
  local file, line, rest = take_place(message, path)
  report(file, line, rest)
end


-- ---- claiming: what stands in whose table ----

local LISTS_MAX = 20 -- inside of each other


-- The first place of the list that is empty though one behind it is not, or a number that is no place: what stands there, a
-- check perhaps, would be passed over.
local function hole_of(list)
  local count, last = 0, 0
  for key in pairs(list) do
    if type(key) == "number" then
      if key < 1 or key % 1 ~= 0 then return key end
      count, last = count + 1, math.max(last, key)
    end
  end
  if last <= count then return nil end
  for i = 1, count + 1 do
    if list[i] == nil then return i end
  end
end


local function claim(owner)
  local expected = owner.kind == "route" and "use or a function" or "use, a function, a route or a group"


  local function take(list, depth)
    if depth > LISTS_MAX then
      rawset(owner, "body", {})
      return options.complain(owner, "lists are nested too deeply, or contain themselves")
    end
    local hole = hole_of(list)
    if hole then
      rawset(owner, "body", {})
      return options.complain(owner, (hole < 1 or hole % 1 ~= 0) and "places are counted from 1" or
        ("place %s: expected %s, got %s"):format(text.number(hole), expected, text.show(list[hole])))
    end
    for _, part in ipairs(list) do
      if words.is_item(part) then
        if rawget(part, "owner") == nil then rawset(part, "owner", owner) end
      elseif type(part) == "table" and getmetatable(part) == nil then
        take(part, depth + 1) -- what include gave
      elseif owner.kind == "group" and type(part) ~= "function" then
        options.complain(owner, ("expected %s, got %s"):format(expected, text.show(part)))
      end
    end
  end


  if not rawget(owner, "broken") then take(owner.body, 1) end
end


-- ---- chains ----

local function add_use(list, item)
  if rawget(item, "made") == nil then
    local settings = rawget(item, "settings")
    local made, errors, known, placed = plugins.use(item.plugin, settings, item)
    if not made and not known then
      if placed then
        local file, line, rest = take_place(errors[1], errors[1]:match("^(.-):%d+:") or item.file)
        report(file, line, rest)
      else
        report(item.file, item.line, ("in use %s:%s%s"):format(text.quote(tostring(item.plugin)),
          errors.settings and "\n  " or " ", table.concat(errors, "\n  ")))
      end
    end
    rawset(item, "made", made or false)
  end
  if item.made then list[#list + 1] = item.made end
end


-- What stands in the table of a route or group above number `seq`, in its order.
local function add_body(list, owner, seq)
  for i = 1, #owner.body do
    local part = owner.body[i]
    if type(part) == "function" then
      list[#list + 1] = plugins.inline(part, owner)
    elseif words.is_item(part, "use") and part.seq < seq then
      add_use(list, part)
    end
  end
end


local function is_above(frame, inner)
  while inner do
    if inner == frame then return true end
    inner = inner.parent
  end
  return false
end


-- Those that no table has claimed: each route looks through them.
local function loose_uses()
  if not state.loose then
    state.loose = {}
    for _, item in ipairs(state.items) do
      if item.kind == "use" and rawget(item, "owner") == nil then state.loose[#state.loose + 1] = item end
    end
  end
  return state.loose
end


local function uses_of(route)
  local list = {}
  for _, item in ipairs(loose_uses()) do
    if item.seq < route.seq and is_above(item.frame, route.frame) then
      add_use(list, item)
      rawset(item, "followed", true)
    end
  end
  for _, group in ipairs(options.groups_of(route)) do add_body(list, group, route.seq) end
  add_body(list, route, math.huge)
  return list
end


local function chain_text(uses)
  local names = {}
  for i, use in ipairs(uses) do names[i] = use.title end
  return table.concat(names, " -> ")
end


-- ---- routes ----

-- One route for C per host and listener; they share the chain.
local function add_route(route, uses)
  if #uses > 0 then
    local made, why = chain.make(uses, route.name)
    if not made then return report(route.file, route.line, why) end
    route.chain = made.number
    if (route.buffer or 0) == 0 then route.buffer = made.buffer end
  end
  route.uses, route.chain_text = uses, chain_text(uses)
  for _, host_name in ipairs(route.hosts) do
    for _, listener in ipairs(route.listeners) do
      out[#out + 1] = setmetatable({ host = host_name or nil, listener = listener or nil }, { __index = route })
    end
  end
end


local function check_parts(route)
  for i = 1, #route.body do
    local part = route.body[i]
    if type(part) ~= "function" and not words.is_item(part, "use") then
      options.complain(route, ("place %d: expected use or a function, got %s"):format(i, text.show(part)))
    end
  end
end


-- Whether a `use` of the route could not be made, so that more complaints would only confuse.
local function lost_use(item)
  for i = 1, #item.body do
    local part = item.body[i]
    if words.is_item(part, "use") and part.made == false then return true end
  end
  return false
end


local function answers(uses, route)
  if route.split or route.service == nil or route.service >= 0 then return true end
  for _, use in ipairs(uses) do
    if use.answers or use.plugin == "function" or use.plugin == "reply" then return true end
  end
  return false
end


local function finish_route(item, known_listeners)
  check_parts(item)
  local route = options.read(item, known_listeners)
  paths[item] = route.path
  local uses = uses_of(item)
  uses[#uses + 1] = route.reply
  if not rawget(item, "broken") and not answers(uses, route) and not lost_use(item) then
    options.complain(item, 'nothing answers here: it needs "to", "reply" or a function')
  end
  if not rawget(item, "broken") then add_route(route, uses) end
end


-- ---- services ----

local function finish_service(item)
  local settings = rawget(item, "settings")
  local name = item.name
  local function refuse(message)
    report(item.file, item.line, message)
    rawset(item, "broken", true)
  end
  if type(name) ~= "string" then return refuse("service: expected a name, got " .. text.show(name)) end
  if not settings then
    if not services.get(name) and not state.declared[name] then refuse(services.unknown(name)) end
    return
  end
  if services.get(name) then return refuse(("service %s is declared already"):format(text.quote(name))) end
  state.declared[name] = true
  local index, why = host.add_service(name, settings, item.file, item.line)
  if index then return services.add(name, index) end
  rawset(item, "broken", true)
  if why then report(item.file, item.line, ("in service %s: %s"):format(text.quote(name), why)) end
end


-- Declarations before references: one may stand below the other.
local function finish_services()
  state.declared = {}
  for _, declared in ipairs { true, false } do
    for _, item in ipairs(state.items) do
      if item.kind == "service" and (rawget(item, "settings") ~= nil) == declared then finish_service(item) end
    end
  end
end


-- ---- generated routes ----

local function generate(service)
  local uses = {}
  for _, use in ipairs(service.uses) do add_use(uses, use) end
  local prefix = service.path == "/" and "" or service.path
  local path = prefix .. "/*"
  add_route({
    name = "ANY " .. path, path = path, service = services.get(service.name).index,
    strip = service.strip_path and prefix ~= "" and prefix or nil, timeout = 0, tries = 0,
    hosts = { false }, listeners = { false }, file = service.file, line = service.line,
  }, uses)
end


-- ---- all of it ----

local function run_files(conf)
  if not conf.routes then return end
  local place = { file = conf.file, line = 0 }
  if not host.is_dir(conf.routes) then return run_file(conf.routes, nil, place) end
  for _, name in ipairs(host.list(conf.routes, ".lua")) do run_file(conf.routes .. "/" .. name, nil, place) end
end


-- Reads the route files that `conf` names and finishes everything. Returns the routes as C takes them.
function M.load(conf)
  state, out, paths = words.new_state(report, run_file, host), {}, {}
  run_files(conf)
  finish_services()
  for _, item in ipairs(state.items) do
    if item.kind == "group" or item.kind == "route" then claim(item) end
  end
  for _, item in ipairs(state.items) do
    if item.kind == "group" and not rawget(item, "broken") then options.check(item, options.GROUP) end
  end
  for _, item in ipairs(state.items) do
    if item.kind == "route" and not rawget(item, "broken") then finish_route(item, conf.listeners) end
  end
  preflight.add(out, add_route)
  advice.give(state.items, paths)
  if conf.generated_routes then
    for _, service in ipairs(conf.services) do
      if service.path then generate(service) end
    end
  end
  local routes = out
  state, out, paths = nil, nil, nil
  return routes
end


return M
