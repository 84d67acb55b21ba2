-- SPDX-License-Identifier: Apache-2.0
-- routes.lua - makes routes and their chains of what a routes file has said, and of the services of gateway.yaml.
--
-- The plugins of a route are, in the order in which one reads: those that the file uses above it, those of its groups above it,
-- its own. An inline function stands where it is written. `reply` and `to` come last.

local api = require "lunette.api"
local chain = require "lunette.chain"
local host = require "lunette.host"
local plugins = require "lunette.plugins"
local response = require "lunette.response"
local sandbox = require "lunette.sandbox"
local schema = require "lunette.schema"
local services = require "lunette.services"
local text = require "lunette.schema_text"
local words = require "lunette.words"

local M = {}

local ROUTE_OPTIONS = { "host", "listener", "name", "reply", "retries", "strip", "timeout", "to", "tries" }
local GROUP_OPTIONS = { "host", "listener", "retries", "strip", "timeout", "to", "tries" }
local LATER = { when = true, buffer = true, split = true }

local state, out -- of the load that runs: words.new_state() and the list of finished routes


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

local function claim(owner)
  local function take(list)
    for _, part in ipairs(list) do
      if words.is_item(part) then
        if rawget(part, "owner") == nil then rawset(part, "owner", owner) end
      elseif type(part) == "table" and getmetatable(part) == nil then
        take(part) -- what include gave
      end
    end
  end
  if not rawget(owner, "broken") then take(owner.body) end
end


-- ---- the settings of one route ----

local function title(item)
  return ("in %s %s"):format(item.word, text.quote(tostring(item.path)))
end


local function complain(item, message)
  report(item.file, item.line, title(item) .. ": " .. message)
  rawset(item, "broken", true)
end


local function check_options(item, known)
  for _, key in ipairs(text.ordered_keys(item.body)) do
    if type(key) == "string" then
      local ok = false
      for _, name in ipairs(known) do ok = ok or name == key end
      if LATER[key] then
        complain(item, ("option %s is not available in this version"):format(text.quote(key)))
      elseif not ok then
        complain(item, ("unknown option %s%s"):format(text.quote(key), text.hint(key, known)))
      end
    elseif type(key) ~= "number" then
      complain(item, "unknown option " .. text.show(key))
    end
  end
end


-- An option of the route, or of the nearest group that has it.
local function option(item, key)
  while item do
    local value = not rawget(item, "broken") and item.body[key]
    if value ~= nil and value ~= false then return value end
    item = rawget(item, "owner")
  end
end


local function join(prefix, path)
  if path == "/" then return prefix end
  return prefix .. path
end


-- The groups around an item, outermost first.
local function groups_of(item)
  local list, group = {}, rawget(item, "owner")
  while group do
    table.insert(list, 1, group)
    group = rawget(group, "owner")
  end
  return list
end


local function full_path(item)
  local path = ""
  for _, group in ipairs(groups_of(item)) do path = join(path, group.path) end
  path = join(path, item.path)
  return path == "" and "/" or path
end


local PARAMS_MAX = 8


local function path_fault(path)
  local count, seen = 0, {}
  for segment in path:gmatch("[^/]+") do
    local name = segment:match("^:(.*)$")
    if name then
      count = count + 1
      if not name:find("^[%a_][%w_]*$") then return ("%s: expected a name such as :id"):format(text.quote(segment)) end
      if seen[name] then return ("parameter %s stands twice in the path"):format(text.quote(name)) end
      seen[name] = true
    end
  end
  if path:find("*", 1, true) and (path:find("*", 1, true) ~= #path or path:sub(-2) ~= "/*") then
    return 'a star stands alone at the end, as in "/users/*"'
  end
  if count + (path:sub(-1) == "*" and 1 or 0) > PARAMS_MAX then return ("at most %d parameters are possible"):format(PARAMS_MAX) end
  if path:find("[%s%c?#]") then return "a path has no spaces, question marks or hashes" end
end


local function target_of(item)
  local to = option(item, "to")
  if to == nil then return -1 end
  local name = words.is_item(to, "service") and to.name or to
  if words.is_item(to, "service") and rawget(to, "broken") then return nil end
  local index, why = services.index_of(name)
  if not index then complain(item, why) end
  return index
end


local function static_prefix(path)
  local prefix = path:gsub("/%*$", ""):gsub("/:.*$", "")
  return prefix
end


local function strip_of(item, path)
  local strip = option(item, "strip")
  if strip == nil then return nil end
  if strip == true then strip = static_prefix(path) end
  if type(strip) ~= "string" or (strip ~= "" and strip:sub(1, 1) ~= "/") then
    return complain(item, "strip: expected true or a prefix of the path, got " .. text.show(strip))
  end
  strip = strip:gsub("/+$", "")
  if strip ~= "" and (path .. "/"):sub(1, #strip + 1) ~= strip .. "/" then
    return complain(item, ("strip: %s is no prefix of %s"):format(text.quote(strip), text.quote(path)))
  end
  return strip ~= "" and strip or nil
end


local DURATION = { timeout = schema.t.duration { min = "1ms", max = "24h" } }


local function timeout_of(item)
  local written = option(item, "timeout")
  if written == nil then return 0 end
  local conf, errors = schema.check(DURATION, { timeout = written }, "route")
  if not conf then return complain(item, errors[1]) end
  return math.ceil(conf.timeout * 1000)
end


local function tries_of(item)
  local tries, retries = option(item, "tries"), option(item, "retries")
  local key, value, least = "tries", tries, 1
  if tries ~= nil and retries ~= nil then return complain(item, "tries and retries: only one of them") end
  if retries ~= nil then key, value, least = "retries", retries, 0 end
  if value == nil then return 0 end
  if type(value) ~= "number" or value % 1 ~= 0 or value < least or value > 10 then
    return complain(item, ("%s: expected an integer from %d to 10, got %s"):format(key, least, text.show(value)))
  end
  return retries ~= nil and value + 1 or value
end


-- One or several texts -> a list; { false } when there is none, which stands for "any".
local function texts_of(item, key, judge)
  local value = option(item, key)
  if value == nil then return { false } end
  local list = type(value) == "table" and value or { value }
  for _, one in ipairs(list) do
    if type(one) ~= "string" then
      complain(item, ("%s: expected a text or a list of texts, got %s"):format(key, text.show(one)))
      return { false }
    end
    local why = judge(one)
    if why then complain(item, key .. ": " .. why) end
  end
  return #list > 0 and list or { false }
end


local function host_fault(name)
  if not name:lower():find("^[%w*.:%[%]-]+$") or (name:find("*", 1, true) and not name:find("^%*%.[^*]+$")) then
    return ('expected a name such as "example.com" or "*.example.com", got %s'):format(text.quote(name))
  end
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


local function uses_of(route)
  local list = {}
  for _, item in ipairs(state.items) do
    if item.kind == "use" and rawget(item, "owner") == nil and item.seq < route.seq and is_above(item.frame, route.frame) then
      add_use(list, item)
      rawset(item, "followed", true)
    end
  end
  for _, group in ipairs(groups_of(route)) do add_body(list, group, route.seq) end
  add_body(list, route, math.huge)
  return list
end


local reply_handlers = {
  request = function(self) return self.status, self.body, self.headers end,
}


local function reply_of(item, list)
  local reply = item.body.reply
  if reply == nil then return end
  local status = type(reply) == "table" and reply[1]
  if type(status) ~= "number" or status % 1 ~= 0 or status < 200 or status > 599 then
    return complain(item, "reply: expected { status, body, headers } with a status from 200 to 599")
  end
  local ok, body, kind = pcall(response.body, reply[2])
  if not ok or not body then return complain(item, "reply: " .. tostring(ok and kind or body)) end
  if reply[3] ~= nil and type(reply[3]) ~= "table" then return complain(item, "reply: expected a table of headers in third place") end
  local headers, typed = {}, false
  for name, value in pairs(reply[3] or {}) do
    headers[name] = value
    typed = typed or (type(name) == "string" and name:lower() == "content-type")
  end
  if kind and not typed then headers["Content-Type"] = kind end
  list[#list + 1] = {
    plugin = "reply", title = "reply", handlers = reply_handlers, on_error = "fail", file = item.file, line = item.line,
    self = { status = status, body = body, headers = headers },
  }
end


local function chain_text(uses)
  local names = {}
  for i, use in ipairs(uses) do names[i] = use.title end
  return table.concat(names, " -> ")
end


-- ---- routes ----

local function add_route(route, uses, hosts, listeners)
  if #uses > 0 then
    local made, why = chain.make(uses, route.name)
    if not made then return report(route.file, route.line, why) end
    route.chain = made.number
  end
  route.chain_text = chain_text(uses)
  for _, host_name in ipairs(hosts) do
    for _, listener in ipairs(listeners) do
      out[#out + 1] = setmetatable({ host = host_name or nil, listener = listener or nil }, { __index = route })
    end
  end
end


local function check_parts(route)
  for i = 1, #route.body do
    local part = route.body[i]
    if type(part) ~= "function" and not words.is_item(part, "use") then
      complain(route, ("place %d: expected use or a function, got %s"):format(i, text.show(part)))
    end
  end
end


local function answers(uses, service)
  if service == nil or service >= 0 then return true end
  for _, use in ipairs(uses) do
    if use.plugin == "function" or use.plugin == "reply" then return true end
  end
  return false
end


local function finish_route(item, known_listeners)
  check_options(item, ROUTE_OPTIONS)
  check_parts(item)
  local path = full_path(item)
  local fault = path_fault(path)
  if fault then complain(item, fault) end
  local service = target_of(item)
  local uses = uses_of(item)
  reply_of(item, uses)
  local hosts = texts_of(item, "host", host_fault)
  local listeners = texts_of(item, "listener", function(name)
    for _, known in ipairs(known_listeners) do
      if known == name then return nil end
    end
    if host.any_listener then return nil end -- a spec has the routes file alone
    return ("no listener %s%s"):format(text.quote(name), text.hint(name, known_listeners))
  end)
  local name = item.body.name or ("%s %s"):format(rawget(item, "method") or "ANY", path)
  if type(name) ~= "string" then return complain(item, "name: expected a text, got " .. text.show(name)) end
  local route = {
    name = name, methods = rawget(item, "method"), path = path, service = service, strip = strip_of(item, path),
    timeout = timeout_of(item), tries = tries_of(item), file = item.file, line = item.line,
  }
  if not rawget(item, "broken") and not answers(uses, service) and not M.lost_use(item) then
    complain(item, 'nothing answers here: it needs "to", "reply" or a function')
  end
  if not rawget(item, "broken") then add_route(route, uses, hosts, listeners) end
end


-- Whether a `use` of the route could not be made, so that more complaints would only confuse.
function M.lost_use(item)
  for i = 1, #item.body do
    local part = item.body[i]
    if words.is_item(part, "use") and part.made == false then return true end
  end
  return false
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
    strip = service.strip_path and prefix ~= "" and prefix or nil, timeout = 0, tries = 0, file = service.file, line = service.line,
  }, uses, { false }, { false })
end


-- ---- all of it ----

local function warn_idle_uses()
  for _, item in ipairs(state.items) do
    if item.kind == "use" and rawget(item, "owner") == nil and not rawget(item, "followed") then
      host.report("warning", item.file, item.line, ("use %s: no route follows it"):format(text.quote(tostring(item.plugin))))
    end
  end
end


local function run_files(conf)
  if not conf.routes then return end
  local place = { file = conf.file, line = 0 }
  if not host.is_dir(conf.routes) then return run_file(conf.routes, nil, place) end
  for _, name in ipairs(host.list(conf.routes, ".lua")) do run_file(conf.routes .. "/" .. name, nil, place) end
end


-- Reads the route files that `conf` names and finishes everything. Returns the routes as C takes them.
function M.load(conf)
  state, out = words.new_state(report, run_file, host), {}
  run_files(conf)
  finish_services()
  for _, item in ipairs(state.items) do
    if item.kind == "group" or item.kind == "route" then claim(item) end
  end
  for _, item in ipairs(state.items) do
    if item.kind == "group" and not rawget(item, "broken") then check_options(item, GROUP_OPTIONS) end
  end
  for _, item in ipairs(state.items) do
    if item.kind == "route" and not rawget(item, "broken") then finish_route(item, conf.listeners) end
  end
  warn_idle_uses()
  if conf.generated_routes then
    for _, service in ipairs(conf.services) do
      if service.path then generate(service) end
    end
  end
  local routes = out
  state, out = nil, nil
  return routes
end


return M
