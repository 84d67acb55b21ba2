-- SPDX-License-Identifier: Apache-2.0
-- world.lua - the small world of specs: plugins, chains and requests over the production code of the gateway.
--
-- lunette.spec builds its `gate` on this. Needs the C core: inside `lunette test`, or as the module lunette.host of the shared
-- library under plain busted.

local host = require "lunette.host"
local F = require "lunette.ffi"
local chain = require "lunette.chain"
local events = require "lunette.events"
local json = require "lunette.json"
local life = require "lunette.life"
local plugins = require "lunette.plugins"
local services = require "lunette.services"
local text = require "lunette.schema_text"
local timer = require "lunette.timer"

local C = F.C
local native = host.spec
if not native then error("lunette.world works in specs only: run them with `lunette test`") end

local ORIGIN = { upstream = 1, plugin = 2, gateway = 3 }

local M = {
  home = "plugins", -- the plugin folder of this project
  plugins_dir = "plugins", -- where plugins are looked for now
  native = native,
}

local folder -- the plugin folder that plugins.reset() has got


local function begin()
  chain.reset()
  services.reset {}
  folder = M.plugins_dir
  plugins.reset(folder)
  timer.reset()
  events.reset()
end


-- Forgets requests, plugins, limits and log lines; the clock stands at its start.
function M.reset()
  M.plugins_dir = M.home
  native.reset()
  begin()
end


function M.advance(seconds)
  native.advance(seconds)
end


-- Something has become of an instance: what has asked for events of that kind runs until it waits.
function M.tell(kind, event)
  native.tell(kind, event)
end


function M.now()
  return C.ln_time_wall()
end


-- ---- plugins and chains ----

-- A plugin as a route would use it. Raises "NAME:\n  setting: what is wrong", without a place.
function M.use(name, settings)
  if folder ~= M.plugins_dir then
    folder = M.plugins_dir
    plugins.reset(folder)
  end
  native.refresh()
  plugins.refresh(name)
  local at = debug.getinfo(2, "Sl")
  local use, errors = plugins.use(name, settings, { file = at.source:sub(2), line = at.currentline })
  if use then return use end
  error(name .. ":" .. (errors.settings and "\n  " or " ") .. table.concat(errors, "\n  "), 0)
end


-- The page of a plugin, in Markdown; nil and what is wrong with the plugin.
function M.page(name)
  native.refresh()
  plugins.refresh(name)
  local p, why = plugins.load(name)
  if not p then return nil, why end
  return require("lunette.docs").plugin(p)
end


-- A function as the inline handler of a route.
function M.inline(f)
  local at = debug.getinfo(f, "S")
  return plugins.inline(f, { file = at.source:sub(2), line = at.linedefined })
end


function M.chain(uses)
  local made, why = chain.make(uses, "spec")
  if not made then error(why, 2) end
  native.chain(made)
  return made
end


-- ---- requests ----

local DEFAULTS = {
  method = "GET", path = "/", host = "localhost", scheme = "http", ip = "10.0.0.1", peer_port = 1234, port = 8080,
  listener = "main", id = "req-1",
}


local function pairs_of(headers)
  local list = {}
  for _, name in ipairs(text.ordered_keys(headers or {})) do
    local value = headers[name]
    if type(name) == "number" then
      list[#list + 1] = value -- { "Name", "value" } already
    else
      for _, one in ipairs(type(value) == "table" and value or { value }) do
        list[#list + 1] = { name, tostring(one) }
      end
    end
  end
  return list
end


local Visit = {}


-- r.req and r.res are made when a spec asks for them, as they are made when a plugin does.
function Visit.__index(r, key)
  if key ~= "req" and key ~= "res" then return nil end
  native.select(r.number)
  r.req, r.res = chain.objects()
  native.select()
  return rawget(r, key)
end


function M.request(options)
  local o = {}
  for key, value in pairs(DEFAULTS) do o[key] = value end
  for key, value in pairs(options or {}) do o[key] = value end
  local path, query = o.path:match("^([^?]*)%?(.*)$")
  if path then o.path, o.query = path, o.query or query end
  o.peer, o.network, o.client_id = o.peer or o.ip, o.network or o.ip, o.client_id or o.ip
  o.headers = pairs_of(o.headers)
  if o.service then
    local service = services.get(o.service) or services.add(o.service, services.count())
    o.service = service.index
  end
  return setmetatable({ number = native.request(o) }, Visit)
end


local function to_answer(seen, r)
  local first = {}
  for _, pair in ipairs(seen.headers) do
    if first[pair[1]] == nil then first[pair[1]] = pair[2] end
  end
  r.failed = seen.failed and M.last_error() or r.failed
  return { status = seen.status, body = seen.body, headers = first, all = seen.headers }
end


-- The request handlers. Gives the early answer, or true when the request would go on.
function M.run(c, r)
  native.run(r.number, c.number, "request", c.route)
  local seen = native.look(r.number)
  r.reply = seen.reply and to_answer(seen, r) or nil
  return r.reply or true
end


-- The balance handlers over instances: addresses, or { address, weight, active, latency, healthy }. Gives the number that was
-- named, the key, and what was raised.
function M.balance(c, r, options)
  local o = { attempt = options.attempt, last_error = options.last_error, instances = {} }
  o.service = options.service or "service"
  for i, instance in ipairs(options.instances or {}) do
    if type(instance) == "string" then instance = { address = instance } end
    o.instances[i] = { address = instance.address or "http://10.0.0." .. i, weight = instance.weight,
      active = instance.active, latency = instance.latency, healthy = instance.healthy == false and 0 or 1 }
  end
  local failed, index, hash = native.balance(r.number, c.number, o)
  return index, hash, failed and M.last_error() or nil
end


-- Makes the response (of the service, or the early answer), does queued edits, runs the response handlers.
function M.respond(c, r, options)
  local o = {}
  for key, value in pairs(options or {}) do o[key] = value end
  o.headers = pairs_of(o.headers)
  o.origin = ORIGIN[o.origin or "upstream"]
  native.respond(o, r.number)
  native.run(r.number, c.number, "response", c.route)
  local seen = native.look(r.number)
  r.response = to_answer(seen, r)
  r.response.origin = r.res.origin
  return r.response
end


-- The content of the response, piece by piece, through the body handlers. Then an empty last piece comes, as in the
-- gateway, unless the chain gathers it. Gives the pieces that came out, and whether all went well: the gateway cuts the
-- response off if not.
function M.deliver(c, r, chunks)
  local out, all = {}, table.concat(chunks)
  local gathers = (c.buffer or 0) > 0
  if gathers and #all > c.buffer then return out, false end
  if gathers then chunks = { all } end
  local n = gathers and 1 or #chunks + 1
  for i = 1, n do
    local bytes = native.piece(r.number, c.number, chunks[i] or "", i == n, c.route)
    if not bytes then
      r.failed = M.last_error()
      return out, false
    end
    if bytes ~= "" then out[#out + 1] = bytes end
  end
  return out, true
end


function M.log(c, r)
  native.run(r.number, c.number, "log", c.route)
end


-- The headers as the service would get them: list of { name, value }.
function M.request_headers(r)
  return native.look(r.number).request_headers
end


-- The content as the service would get it, or nil.
function M.request_body(r)
  return native.look(r.number).request_body
end


-- The consumers, as in gateway.yaml. Raises the report when something is wrong with them.
function M.consumers(list)
  local report = native.consumers(list)
  if report then error(report, 0) end
end


-- The metrics of plugins, as `lunette metrics` prints them.
function M.metrics()
  return host.metrics()
end


-- ---- log lines ----

function M.logged()
  local list = native.said()
  for _, line in ipairs(list) do line.fields = line.fields and json.decode(line.fields) or {} end
  return list
end


-- The text of the newest line of the level error, or nil.
function M.last_error()
  return native.last_error()
end


-- ---- routes ----

local function write_temporary(yaml)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(yaml)
  file:close()
  return path
end

local EMPTY = 'gateway: { port: "127.0.0.1:0" }\ngeneratedRoutes: off\n'


-- The routes of a routes file, or of { yaml = text, routes = path }. Raises with all that is wrong.
function M.routes(source)
  if type(source) == "string" then source = { routes = source } end
  local path = write_temporary(source.yaml or EMPTY)
  begin()
  host.any_listener = not source.yaml
  local routes, report = native.load(path, source.routes, M.plugins_dir)
  os.remove(path)
  if not routes then error((report:gsub("\n$", "")), 0) end
  return routes, report
end


-- The route that "GET /x" or "GET http://host/x" takes, with its params, or nil. `routes` must be the last ones loaded.
-- `options`: what else M.request takes. `settle`: a split chooses its service now.
function M.match(routes, request, options, settle)
  local method, target = request:match("^(%S+) (%S+)$")
  if not method then error(('expected a request such as "GET /path", got %s'):format(text.quote(request)), 2) end
  local host_name, path = target:match("^http://([^/]+)(.*)$")
  local all = {}
  for key, value in pairs(options or {}) do all[key] = value end
  all.method, all.host, all.path = method, host_name or all.host, path or target
  local r = M.request(all)
  local index, params, more = native.match(r.number, settle)
  if not index and more then error((more:gsub("\n$", "")), 0) end
  if not index then return nil end
  local route = {}
  for key, value in pairs(routes[index]) do route[key] = value end
  route.params, route.service, route.index = params, more, index
  return route
end


native.start()
life.revive = native.revive
begin()

return M
