-- SPDX-License-Identifier: Apache-2.0
-- live.lua - gate.start and gate.upstream of specs: the real binary between real sockets.
--
-- What the project's own end-to-end specs use (spec/support) is in the binary, and is loaded from there under names of its own,
-- so that a project's spec/support cannot get in the way. See lunette.spec for what specs call.

local host = require "lunette.host"
local json = require "lunette.json"

local M = {}

local modules = {}


local function load(name)
  local part = name:match("^spec%.support%.([%w_]+)$")
  if not part then return require(name) end
  if modules[name] == nil then
    local path = ("spec/support/%s.lua"):format(part)
    local chunk = assert(loadstring(assert(host.embedded(path), path), "@" .. path))
    setfenv(chunk, setmetatable({ require = load }, { __index = _G }))
    modules[name] = chunk()
  end
  return modules[name]
end

local ffi = require "ffi"
local gateway, upstream, loop = load "spec.support.gateway", load "spec.support.upstream", load "spec.support.loop"

local live = {} -- what cleanup ends, newest first


local function keep(object)
  table.insert(live, 1, object)
  return object
end


local function realpath(path)
  local buffer = ffi.new("char[4097]")
  return ffi.C.realpath(path, buffer) ~= nil and ffi.string(buffer) or nil
end


-- The program that runs the gateway: this one, unless specs run under plain busted.
function gateway.binary()
  local named = os.getenv("LUNETTE_BIN")
  if named then return named end
  local own = realpath("/proc/self/exe")
  if own and not own:find("luajit[^/]*$") then return own end
  local pipe = io.popen("command -v lunette")
  local found = pipe:read("*l")
  pipe:close()
  return found or error("gate.start: no lunette in $PATH; $LUNETTE_BIN says where it is", 0)
end


-- ---- upstreams ----

local Request = {}
Request.__index = Request


function Request:json()
  return json.decode(self.body)
end


-- What a handler returns, written plainly: a table as body becomes JSON.
local function plain(status, body, headers)
  if type(body) ~= "table" then return status, body and tostring(body), headers end
  local copy, has_type = {}, false
  for name, value in pairs(headers or {}) do
    copy[name] = value
    has_type = has_type or tostring(name):lower() == "content-type"
  end
  if not has_type then copy["Content-Type"] = "application/json" end
  return status, json.encode(body), copy
end


-- A service that answers as `handler(request, connection)` says: status, body, headers; or nothing, when it has written to
-- the connection itself. Also a table of options, see spec/support/upstream.lua.
function M.upstream(options)
  if type(options) == "function" then options = { handler = options } end
  local copy = {}
  for name, value in pairs(options or {}) do copy[name] = value end
  if copy.handler then
    copy.handler = function(request, ...)
      if getmetatable(request) == nil then setmetatable(request, Request) end
      return plain(options.handler(request, ...))
    end
  end
  return keep(upstream.new(copy))
end


-- ---- gateways ----

local function is_upstream(value)
  return type(value) == "table" and value.wait_requests ~= nil
end


-- { name = upstream, list of them, or the settings of a service } as the list of services in gateway.yaml.
local function services_of(services)
  if services[1] then return services end
  local names, list = {}, {}
  for name in pairs(services) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    local given, service = services[name], { name = name }
    if is_upstream(given) or type(given) == "string" then
      service.instances = { given }
    elseif given[1] then
      service.instances = given
    else
      for key, value in pairs(given) do service[key] = value end
    end
    if is_upstream(service.instances) then service.instances = { service.instances } end
    list[i] = service
  end
  return list
end


local function path_of(path, what)
  return realpath(path) or error(("gate.start: %s: there is no %s"):format(what, path), 3)
end


-- A text of Lua has a blank or a line end in it; the name of a file that is there may have, too.
local function is_text(routes)
  return realpath(routes) == nil and routes:find("%s") ~= nil
end


-- options: services, routes and plugins (files and folders of this project, or texts), config, yaml, gateway, rateLimit, extra,
-- workers, env, expect. Without `plugins`, the folder plugins of this project.
function M.start(options)
  local copy, extra = {}, {}
  for name, value in pairs(options or {}) do copy[name] = value end
  for name, value in pairs(copy.extra or {}) do extra[name] = value end
  if copy.services then copy.services = services_of(copy.services) end
  if type(copy.routes) == "string" and not is_text(copy.routes) then
    extra.routes, copy.routes = path_of(copy.routes, "routes"), nil
  end
  local folder = type(copy.plugins) == "string" and path_of(copy.plugins, "plugins")
    or copy.plugins == nil and realpath("plugins")
  if folder then extra.plugins, copy.plugins = extra.plugins or { dir = folder }, nil end
  if copy.config then copy.config = path_of(copy.config, "config") end
  copy.extra = extra
  return keep(gateway.start(copy))
end


-- Waits until `fact()` holds; `what` says in the error what did not come. `timeout`: seconds (5).
function M.wait_until(fact, what, timeout)
  return loop.eventually(fact, what or "what the spec waits for", timeout)
end


-- Ends whatever is still there, and raises what went wrong with it.
function M.cleanup()
  local problem
  for _, object in ipairs(live) do
    local ok, why = pcall(object.stop, object)
    problem = problem or (not ok and why)
  end
  live = {}
  local failure = loop.take_failure()
  while failure do
    problem = problem or failure
    failure = loop.take_failure()
  end
  if problem then error(problem, 0) end
end


return M
