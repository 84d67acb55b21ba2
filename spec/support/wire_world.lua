-- SPDX-License-Identifier: Apache-2.0
-- The differential test: raw bytes to the gateway on one side, what the upstream was sent on the other, and between them the
-- model that says what it may have been. One worker, one loop here: when a clean client that came later has its answer,
-- everything that the gateway had sent before is known on this side.

local connection = require "spec.support.client"
local model = require "spec.support.wire_model"
local strict = require "spec.support.wire_strict"
local tap = require "spec.support.wire_tap"


local M = {}

local World = {}
World.__index = World

-- What the gateway adds for the upstream.
local ADDED = {}
for name in ([[host content-length transfer-encoding x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port
  x-request-id x-origin-host]]):gmatch("%S+") do
  ADDED[name] = true
end


-- options: gateway, service, plugins, routes; hostile (see wire_tap); unix: sockets of that kind on both sides;
-- loses_trailers: content goes on without them.
function M.new(gate, options)
  options = options or {}
  local place = options.unix and gate.dir()
  local gateway = options.gateway or {}
  local service = { breaker = false } -- answers are judged one by one, and not the instance
  for key, value in pairs(options.service or {}) do service[key] = value end
  if place then gateway.listeners = { { name = "main", listen = "unix:" .. place:join("gateway") } } end
  local self = setmetatable({ gate = gate, count = 0, loses_trailers = options.loses_trailers }, World)
  self.tap = tap.new(gate, options.hostile, place and "unix:" .. place:join("instance"))
  self.g = gate.proxy(self.tap.upstream, {
    gateway = gateway, service = service, plugins = options.plugins, routes = options.routes,
    extra = options.routes and { generatedRoutes = false },
  })
  return self
end


local function quote(bytes)
  return (("%q"):format(bytes):gsub("\r", "\\r"):gsub("\\\n", "\\n"):gsub("%z", "\\0"))
end

M.quote = quote


-- A wish to upgrade goes on as one of the gateway's own.
local function is_added(f, meant)
  if f.lower == "connection" then return meant.may_upgrade and f.value:lower() == "upgrade" end
  return ADDED[f.lower] or (f.lower == "upgrade" and meant.may_upgrade)
end


local function kept(fields, meant)
  local lines = {}
  for _, f in ipairs(fields) do
    if not is_added(f, meant) then lines[#lines + 1] = f.name .. ": " .. f.value end
  end
  return table.concat(lines, "\n")
end


local function lines_of(fields)
  local lines = {}
  for i, f in ipairs(fields or {}) do lines[i] = f.name .. ": " .. f.value end
  return table.concat(lines, "\n")
end


-- Did the upstream get what the client meant, in each part?
local function check_meaning(meant, got)
  assert(got.method == meant.method, "method " .. got.method)
  assert(got.target == meant.target, ("target %s, meant %s"):format(quote(got.target), quote(meant.target)))
  assert(got.body == meant.body, ("body %s, meant %s"):format(quote(got.body), quote(meant.body)))
  assert(kept(got.fields, meant) == table.concat(meant.kept, "\n"), "fields:\n" .. lines_of(got.fields))
  local has_lost = got.trailers == nil and meant.may_lose_trailers
  assert(has_lost or lines_of(got.trailers) == lines_of(meant.trailers), "trailers: " .. lines_of(got.trailers))
  local host = strict.all(got.fields, "x-forwarded-host")
  assert(host[1] == meant.host, ("host %s, meant %s"):format(tostring(host[1]), tostring(meant.host)))
end


-- Another client's request: it gets its own answer, and the instance gets exactly it.
function World:clean()
  self.count = self.count + 1
  local target = "/clean-" .. self.count
  local r = self.g:get(target)
  assert(r and r.status == 200 and r.body == "GET " .. target,
    ("a clean client got %s %s"):format(tostring(r and r.status), tostring(r and r.body)))
  local last = table.remove(self.tap.requests)
  assert(last and last.target == target, "the clean request went somewhere else")
  return last
end


local function read_refusal(client)
  local r = client:read_head()
  assert(r, "closed without an answer")
  assert(r.status >= 400, "status " .. r.status)
  assert((r.headers["Connection"] or ""):lower() == "close", "the refusal does not close")
  assert(r.headers["X-Lunette-Reason"], "no reason")
  if r.framing == "chunked" then client:read_body(r) end
  local rest = client.socket:read_all()
  local is_whole = (r.framing == "length" and #rest == r.length) or rest == "" -- HEAD is told nothing more
  assert(is_whole, "more behind the refusal: " .. quote(rest))
end


local function read_answers(client, meant)
  for i, request in ipairs(meant) do
    local r = client:read(request.method)
    assert(r, ("closed before answer %d"):format(i))
    local why = tostring(r.headers["X-Lunette-Reason"])
    assert(r.status == 200, ("answer %d has status %d (%s)"):format(i, r.status, why))
    assert(request.method == "HEAD" or r.body == tap.name_of(request), "the answer is somebody else's: " .. r.body)
  end
end


local function check_upstream(self, meant)
  local got = self.tap.requests
  assert(not self.tap.problem, "the instance was sent a bad request: " .. tostring(self.tap.problem))
  assert(#got == #meant, ("%d requests reached the instance, %d were meant; last: %s"):format(#got, #meant,
    got[1] and tap.name_of(got[#got]) or "none"))
  for i, request in ipairs(meant) do
    request.may_lose_trailers = self.loses_trailers
    check_meaning(request, got[i])
  end
end


local function talk(self, bytes, meant, ending, cut)
  local client = connection.connect(self.g.address)
  local ok, err = pcall(function()
    client:send(bytes:sub(1, cut or -1))
    if cut then
      self.gate.loop.breathe()
      client:send(bytes:sub(cut + 1))
    end
    read_answers(client, meant)
    if ending == "refused" then read_refusal(client) end
    if #meant > 0 and meant[#meant].closes then assert(client:is_closed(), "the connection stays open") end
  end)
  client:close()
  if not ok then error(err, 0) end
end


-- Sends the bytes as one client and proves that what they mean, and nothing else, reached the instance. `verdict`:
-- "pass" when at least the first request is to reach it, "refuse" when nothing may; nil leaves it to the model.
function World:prove(bytes, verdict, cut)
  local meant, ending, why = model.judge(bytes)
  if verdict == "pass" then assert(#meant > 0, "the model refuses: " .. tostring(why)) end
  if verdict == "refuse" then assert(#meant == 0 and ending == "refused", "the model does not refuse") end
  self.tap:forget()
  local ok, err = pcall(talk, self, bytes, meant, ending, cut)
  if ok then ok, err = pcall(self.clean, self) end
  if ok then ok, err = pcall(check_upstream, self, meant) end
  if ok and ending == "refused" then ok, err = not self.tap:part(), "a part of a request is left over" end
  if not ok then
    error(("%s\n%s: %d meant, %s %s"):format(tostring(err), quote(bytes), #meant, ending or "then fine", why or ""), 0)
  end
end


-- The same, sent in two pieces.
function World:prove_in_pieces(bytes, cut)
  return self:prove(bytes, nil, cut)
end


-- The same, with a whole request behind it: whoever misjudges where the first one ends betrays it there.
function World:prove_followed(bytes, verdict, cut)
  self.count = self.count + 1
  local second = ("GET /second-%d HTTP/1.1\r\nHost: second.test\r\n\r\n"):format(self.count)
  return self:prove(bytes .. second, verdict, cut)
end


return M
