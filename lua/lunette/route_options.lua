-- SPDX-License-Identifier: Apache-2.0
-- route_options.lua - the options of routes and groups: which there are, what they may be, what they become.
--
-- A route inherits the options of its groups; the nearest one counts. Mistakes are reported at the line of the route, which is
-- then `broken` and takes no further part.

local conditions = require "lunette.conditions"
local host = require "lunette.host"
local priorities = require "lunette.priorities"
local replies = require "lunette.replies"
local schema = require "lunette.schema"
local services = require "lunette.services"
local splits = require "lunette.splits"
local text = require "lunette.schema_text"
local words = require "lunette.words"

local M = {}

M.ROUTE = {
  "buffer", "host", "idempotent", "listener", "name", "priority", "reply", "retries", "strip", "timeout", "to", "tries",
  "when",
}
M.GROUP = {
  "buffer", "host", "idempotent", "listener", "priority", "retries", "strip", "timeout", "to", "tries", "when",
}

local PARAMS_MAX = 8
local TRIES_MAX = 10
local NAME_MAX = 128 -- of a header


local function title(item)
  return ("in %s %s"):format(item.word, text.quote(tostring(item.path)))
end


local function complain(item, message)
  host.report("error", item.file, item.line, title(item) .. ": " .. message)
  rawset(item, "broken", true)
end


-- A mistake of a group is told once, at the group, and spoils all its routes.
local function complain_once(owner, route, message)
  if owner == route or not rawget(owner, "told") then complain(owner, message) end
  rawset(owner, "told", true)
  rawset(route, "broken", true)
end


local function check_options(item, known)
  for _, key in ipairs(text.ordered_keys(item.body)) do
    if type(key) == "string" then
      local ok = false
      for _, name in ipairs(known) do ok = ok or name == key end
      if not ok then
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
    local value
    if not rawget(item, "broken") then value = item.body[key] end
    if value ~= nil then return value end
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
  if path:sub(-1) == "*" then count = count + 1 end
  if count > PARAMS_MAX then return ("at most %d parameters are possible"):format(PARAMS_MAX) end
  if path:find("[%s%c?#]") then return "a path has no spaces, question marks or hashes" end
end


-- The index of the service, or nil with the number of a split; -1: neither.
local function target_of(item)
  local to = option(item, "to")
  if to == nil then return -1 end
  if words.is_item(to, "split") then
    local number = splits.number(to, function(message) complain(item, message) end)
    if not number then rawset(item, "broken", true) end
    return nil, number
  end
  local name = words.is_item(to, "service") and to.name or to
  if words.is_item(to, "service") and rawget(to, "broken") then
    rawset(item, "broken", true)
    return nil
  end
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
  if not strip then return nil end
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


local SIZE = { buffer = schema.t.size { min = 1 } }


-- 0: what the plugins of the route ask for.
local function buffer_of(item)
  local written = option(item, "buffer")
  if written == nil then return 0 end
  local conf, errors = schema.check(SIZE, { buffer = written }, "route")
  if not conf then return complain(item, errors[1]) end
  return conf.buffer
end


local function tries_of(item)
  local tries, retries = option(item, "tries"), option(item, "retries")
  local key, value, least = "tries", tries, 1
  if tries ~= nil and retries ~= nil then return complain(item, "tries and retries: only one of them") end
  if retries ~= nil then key, value, least = "retries", retries, 0 end
  if value == nil then return 0 end
  if type(value) ~= "number" or value % 1 ~= 0 or value < least or value > TRIES_MAX then
    return complain(item,
      ("%s: expected an integer from %d to %d, got %s"):format(key, least, TRIES_MAX, text.show(value)))
  end
  return retries ~= nil and value + 1 or value
end


-- true, false or the name of a header; nil: what the service says.
local function idempotent_of(item)
  local value = option(item, "idempotent")
  if value == nil or type(value) == "boolean" then return value end
  if type(value) == "string" and #value <= NAME_MAX and value:find("^[%w!#$%%&'*+.^_`|~-]+$") then return value end
  return complain(item,
    "idempotent: expected true, false or the name of a header such as Idempotency-Key, got " .. text.show(value))
end


-- nil: what the service says.
local function priority_of(item)
  local value = option(item, "priority")
  if value == nil then return nil end
  local rank, why = priorities.rank(value)
  return rank or complain(item, "priority: " .. why)
end


-- One or several texts -> a list; { false } when there is none, which stands for "any".
local function texts_of(item, key, value, judge)
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


-- What the option `key` says, or `when` says of the same thing.
local function said_of(item, key, elsewhere)
  local value = option(item, key)
  if not elsewhere[key] then return value end
  if value ~= nil then complain(item, ("when.%s: the option %s says this already"):format(key, key)) end
  return elsewhere[key].value
end


local function host_fault(name)
  local lower = name:lower()
  if not lower:find("^[%w*._:%[%]-]+$") or (name:find("*", 1, true) and not name:find("^%*%.[^*]+$")) then
    return ('expected a name such as "example.com" or "*.example.com", got %s'):format(text.quote(name))
  end
  if lower:find(":%d*$") and not lower:find("^%[") then
    return ("%s: a host stands without its port; the option listener tells ports apart"):format(text.quote(name))
  end
  if lower:find("%.%.") or lower:find("^%.") then
    return ("%s is no host that a request can have"):format(text.quote(name))
  end
end


local function hosts_of(item, elsewhere)
  local list = texts_of(item, "host", said_of(item, "host", elsewhere), host_fault)
  for i, name in ipairs(list) do list[i] = name and name:lower() end
  return list
end


local function listeners_of(item, elsewhere, known_listeners)
  return texts_of(item, "listener", said_of(item, "listener", elsewhere), function(name)
    for _, known in ipairs(known_listeners) do
      if known == name then return nil end
    end
    if host.any_listener then return nil end -- a spec has the routes file alone
    return ("no listener %s%s"):format(text.quote(name), text.hint(name, known_listeners))
  end)
end


-- The methods as C takes them; nil: any.
local function methods_of(item, elsewhere)
  local own = rawget(item, "method")
  if not elsewhere.method then return own end
  if own then
    return complain(item, ("when.method: %s says the method already; any would leave it open"):format(item.word))
  end
  local list = texts_of(item, "when.method", elsewhere.method.value, function(name)
    if not name:find("^%u[%u-]*$") then return ('expected a method such as "PUT", got %s'):format(text.quote(name)) end
  end)
  return list[1] and table.concat(list, ",") or nil
end


local function name_of(item, path, methods)
  local name = item.body.name
  if name == nil then return ("%s %s"):format(methods or "ANY", path) end
  if type(name) == "string" then return name end
  return complain(item, "name: expected a text, got " .. text.show(name))
end


M.check = check_options
M.complain = complain
M.groups_of = groups_of


-- Everything that the options of a route say: { name, methods, path, service, strip, timeout, tries, idempotent, priority,
-- buffer, hosts, listeners, reply }.
function M.read(item, known_listeners)
  check_options(item, M.ROUTE)
  local path = full_path(item)
  local fault = path_fault(path)
  if fault then complain(item, fault) end
  local list = groups_of(item)
  for i = #list, 1, -1 do
    if rawget(list[i], "broken") then table.remove(list, i) end
  end
  list[#list + 1] = item
  local all, elsewhere = conditions.read(list, function(owner, message) complain_once(owner, item, message) end)
  local service, split = target_of(item)
  local methods = methods_of(item, elsewhere)
  return {
    name = name_of(item, path, methods),
    methods = methods,
    path = path,
    conditions = all,
    service = service,
    split = split,
    strip = strip_of(item, path),
    timeout = timeout_of(item),
    tries = tries_of(item),
    idempotent = idempotent_of(item),
    priority = priority_of(item),
    buffer = buffer_of(item),
    hosts = hosts_of(item, elsewhere),
    listeners = listeners_of(item, elsewhere, known_listeners),
    reply = replies.read(item, complain),
    file = item.file,
    line = item.line,
  }
end


return M
