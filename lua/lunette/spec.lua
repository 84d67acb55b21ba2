-- SPDX-License-Identifier: Apache-2.0
-- spec.lua - `gate`, what specs of plugins and routes work with: the production code in a small world.
--
-- There are no sockets and no other processes; the clock stands still until gate.clock:advance() or a handler that
-- sleeps moves it. Everything else (headers, limits, matching, checks of settings) is the code of the gateway itself.
-- Runs inside `lunette test`, and under plain busted where the module lunette.host is in package.cpath.

local fake_http = require "lunette.fake_http"
local fake_redis = require "lunette.fake_redis"
local http = require "lunette.http"
local json = require "lunette.json"
local redis = require "lunette.redis"
local world = require "lunette.world"

local M = { clock = {}, http = fake_http.default, redis = fake_redis.new(world.now) }

http.fake = function(request) return M.http:answer(request) end
redis.fake = function(...) return M.redis:answer(...) end

local Out = {} -- what came of a request
Out.__index = Out

local Routes = {}
Routes.__index = Routes

local chains = setmetatable({}, { __mode = "k" }) -- plugin -> the chain of it alone


-- Header names are the same in any case: a copy of { Name = value } that is read so.
local function any_case(headers)
  local lower = {}
  for name, value in pairs(headers) do lower[name:lower()] = value end
  return setmetatable(headers, {
    __index = function(_, name) return type(name) == "string" and lower[name:lower()] or nil end,
  })
end


-- Forgets everything: stores, requests, plugins, answers, log lines. The clock stands at its start.
function M.reset()
  chains = setmetatable({}, { __mode = "k" })
  M.http:reset()
  M.redis:reset()
  world.reset()
end


-- The consumers there are until the next reset, in the form of `consumers:` in gateway.yaml.
function M.consumers(list)
  world.consumers(list)
end


-- Where plugins are looked for until the next reset; the standard ones are found anyway.
function M.plugins(folder)
  world.plugins_dir = folder
end


-- A plugin with its settings, checked as a route would. Raises "NAME:\n  setting: what is wrong" on a mistake.
function M.plugin(name, settings)
  return world.use(name, settings)
end


-- The page of a plugin as `lunette docs NAME` prints it, for a spec that compares it with the one in the project.
function M.docs(name)
  local page, why = world.page(name)
  if not page then error(why, 2) end
  return page
end


local function member(item)
  if type(item) == "function" then return world.inline(item) end
  return item
end


-- Several plugins as a route would run them; functions are inline handlers.
function M.chain(items)
  local list = {}
  for i, item in ipairs(items) do list[i] = member(item) end
  local chain = world.chain(list)
  chains[chain] = chain
  return chain
end


local function chain_of(subject)
  local chain = chains[subject]
  if not chain then
    chain = world.chain { member(subject) }
    chains[subject], chains[chain] = chain, chain
  end
  return chain
end


local function new_request(options)
  options = options or {}
  if type(options) == "string" then
    local method, path = options:match("^(%u+) (/.*)$")
    if not method then error(('expected a request such as "GET /path", got "%s"'):format(options), 3) end
    options = { method = method, path = path }
  end
  return world.request(options)
end


-- Sends content through the body handlers: out.chunks is what came out, out.body all of it, out.cut whether the gateway would
-- break it off. An answer of a plugin comes in one piece.
local function deliver(out, chunks)
  local r = out.record
  if r.response.body then chunks = { r.response.body } end
  if not chunks then return end
  local whole
  out.chunks, whole = world.deliver(out.chain, r, chunks)
  out.body, out.cut, out.failed = table.concat(out.chunks), not whole, r.failed
end


-- What the plugins answered instead of the service, after the handlers above; status nil: they let it pass.
local function take_reply(out)
  local r = out.record
  if not r.reply then return end
  world.respond(out.chain, r, {})
  out.status, out.body = r.response.status, r.response.body
  deliver(out)
  out.headers, out.all = any_case(r.response.headers), r.response.all
  out.origin = r.response.origin
end


-- Runs the request handlers. `options`: method path query host scheme ip network peer port listener id client_id params
-- headers service body, or "GET /path". Gives status, body, headers (nil, nil, {} when the request would go on), req, res.
function M.request(subject, options)
  local r = new_request(options)
  local out = setmetatable({ chain = chain_of(subject), record = r, headers = any_case {}, all = {} }, Out)
  world.run(out.chain, r)
  out.req, out.res, out.failed = r.req, r.res, r.failed
  take_reply(out)
  return out
end


-- Runs the balance handlers of one attempt. `choice`: { service, attempt, last_error, instances }, an instance being an address
-- or { address, weight, active, latency, healthy }. Gives { index, hash, failed }: all nil when no handler has answered.
-- `request` is what M.request gave, or options for a request that is made first.
function M.balance(subject, request, choice)
  local out = getmetatable(request) == Out and request or M.request(subject, request)
  if out.status then error(("the request was answered with %d already"):format(out.status), 2) end
  local index, hash, failed = world.balance(out.chain, out.record, choice or {})
  return { index = index, hash = hash, failed = failed, req = out.req }
end


-- Runs the response handlers over a response of the service: { status, headers, service, address, bytes, duration }; with
-- chunks = { "text", ... } also the body handlers: out.body, out.chunks, out.cut.
-- `request` is what M.request gave, or options for a request that is made first.
function M.response(subject, request, response)
  local out = getmetatable(request) == Out and request or M.request(subject, request)
  if out.status then error(("the request was answered with %d already"):format(out.status), 2) end
  local r = out.record
  world.respond(out.chain, r, response or {})
  local after = setmetatable({
    chain = out.chain, record = r, req = r.req, res = r.res, failed = r.failed,
    status = r.response.status, body = r.response.body, origin = r.response.origin,
    headers = any_case(r.response.headers), all = r.response.all,
  }, Out)
  deliver(after, response and response.chunks)
  return after
end


local EVENTS = {
  breaker = { from = "closed", to = "open", failed = 5, total = 5 },
  health = { from = "up", to = "down", by = "requests", why = "the connection could not be opened" },
}


-- Tells the plugins of an event, as if an instance had changed: what has asked for it with events.on runs until it waits, and
-- gate.clock:advance() lets it go on. `event`: what it shall say instead of what stands above.
function M.event(kind, event)
  local usual = EVENTS[kind]
  if not usual then error(('gate.event: expected "breaker" or "health", got %s'):format(tostring(kind)), 2) end
  local all = { service = "service", instance = "http://10.0.0.1" }
  for key, value in pairs(event and (event.from or event.to) and {} or usual) do all[key] = value end
  for key, value in pairs(event or {}) do all[key] = value end
  world.tell(kind, all)
end


-- Runs the log handlers of a request that has ended.
function M.log(out)
  world.log(out.chain, out.record)
  return out
end


-- The body as a table.
function Out:json()
  return json.decode(self.body)
end


-- The request as the service would get it: { method, path, query, host, headers, all, body }.
function Out:sent()
  local all = world.request_headers(self.record)
  local first = {}
  for _, pair in ipairs(all) do
    if first[pair[1]] == nil then first[pair[1]] = pair[2] end
  end
  local req = self.req
  return {
    method = req.method, path = req.path, query = req.query, host = req.host,
    headers = any_case(first), all = all, body = world.request_body(self.record),
  }
end


-- Loads a routes file (or { yaml = text } for a whole configuration). Raises with every mistake in it; `warnings` of what it
-- gives is a text with a line for each.
function M.routes(source)
  local list, warnings = world.routes(source)
  return setmetatable({ list = list, warnings = warnings }, Routes)
end


-- The route that a request such as "GET /users/7" takes, and its parameters; nil when none matches. `options`: headers, ip
-- and so on, for conditions; route.service is what a split has chosen.
function Routes:match(request, options)
  local route = world.match(self.list, request, options, true)
  if route then return route, route.params end
end


-- Runs the request handlers of the route that a request takes, as M.request does; nil when no route takes it.
-- Further options (headers, ip, ...) as in M.request.
function Routes:request(request, options)
  local route = world.match(self.list, request, options)
  if not route then return nil end
  local method, path = request:match("^(%S+) (%S+)$")
  local all = { method = method, path = path:gsub("^http://[^/]*", ""), params = route.params,
    service = route.service, route = route.index }
  for key, value in pairs(options or {}) do all[key] = value end
  local chain = { number = route.number, route = route.name }
  chains[chain] = chain
  return M.request(chain, all)
end


function M.clock.advance(_, seconds)
  world.advance(seconds)
end


function M.clock.now(_)
  return world.now()
end


-- End to end: the real binary and real sockets, see lunette.live. They are loaded when a spec first asks for them.
for _, name in ipairs { "start", "upstream", "cleanup", "wait_until" } do
  M[name] = function(...) return require("lunette.live")[name](...) end
end


-- The metrics of plugins as a text; with a name, such as 'seen_total{route="GET /x"}', the number of that sample or nil.
function M.metrics(sample)
  local all = world.metrics()
  if sample == nil then return all end
  local _, last = ("\n" .. all):find("\n" .. sample .. " ", 1, true)
  return last and tonumber(all:match("^[^\n]*", last))
end


-- The log lines since reset: { level, text, fields }.
function M.logged()
  return world.logged()
end


return M
