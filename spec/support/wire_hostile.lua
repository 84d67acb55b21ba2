-- SPDX-License-Identifier: Apache-2.0
-- Hostile responses: raw bytes from an instance on one side, what the client was told on the other, and between them the
-- strict reader that says what they may mean. After each of them another client gets its own answer.

local connection = require "spec.support.client"
local strict = require "spec.support.wire_strict"
local world = require "spec.support.wire_world"


local M = {}

local Hostile = {}
Hostile.__index = Hostile

-- Of no concern here: what the gateway drops, adds or writes anew.
local IGNORED = {}
for name in ([[connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer upgrade
  transfer-encoding content-length date]]):gmatch("%S+") do
  IGNORED[name] = true
end


function M.new(gate, options)
  local self = setmetatable({ gate = gate }, Hostile)
  self.world = world.new(gate, {
    gateway = options and options.gateway, plugins = options and options.plugins, routes = options and options.routes,
    unix = options and options.unix,
    service = { retries = { tries = 1 }, timeouts = { firstByte = "1s",
    idle = "1s" } },
    hostile = function(request, from)
      if not request.target:find("^/hostile") then return false end
      local bytes, cut, closes, resets = self.bytes, self.cut, self.closes, self.resets
      from:send(bytes:sub(1, cut or -1))
      if cut then
        gate.pause(0.001)
        from:send(bytes:sub(cut + 1))
      end
      if closes then from:close() end
      if resets then from:reset() end
      return true
    end,
  })
  self.g = self.world.g
  return self
end


local function kept(fields)
  local lines = {}
  for _, f in ipairs(fields) do
    local name = (f.lower or f.name:lower())
    if not IGNORED[name] then lines[#lines + 1] = f.name .. ": " .. f.value end
  end
  return table.concat(lines, "\n")
end


-- What the client saw: the response, and whether it can tell that something is missing.
local function fetch(self, method, version)
  local client = connection.connect(self.g.address)
  local ok, r = pcall(client.request, client, method, "/hostile", { version = version, timeout = 10 })
  local rest = ok and r and r.headers["Connection"] == "close" and client.socket:read_all() or ""
  client:close()
  if not ok and not self.gate.is_gone(r) then error(r, 0) end
  assert(rest == "", "more behind the answer: " .. world.quote(rest))
  return ok and r or nil
end


local function is_own_502(r)
  return r and r.status == 502 and r.complete and r.headers["X-Lunette-Reason"] ~= nil
end


local function judge(r, meant, state, version)
  if not meant then
    assert(is_own_502(r), ("a bad response was passed on: %s %s"):format(tostring(r and r.status),
    tostring(r and r.body)))
    return
  end
  if not r then
    assert(meant.is_bad or state == "truncated", "the connection was cut for a good response")
    return
  end
  if is_own_502(r) and (meant.is_bad or state == "truncated") then return end
  assert(version ~= "1.0" or not r.headers["Transfer-Encoding"], "chunks for HTTP/1.0")
  assert(version ~= "1.0" or #r.interim == 0, "an interim answer for HTTP/1.0")
  assert(r.status == meant.status, "status " .. r.status .. " " .. tostring(r.headers["X-Lunette-Reason"]))
  assert(kept(r.headers) == kept(meant.fields), "fields:\n" .. kept(r.headers))
  if state == "truncated" or meant.is_bad then
    assert(not r.complete, "a truncated body looks whole: " .. world.quote(r.body))
  else
    assert(r.complete, "a whole body looks truncated: " .. world.quote(r.body))
    assert(r.body == meant.body, "body " .. world.quote(r.body))
  end
end


-- What comes behind a whole answer, and later, could be the next answer: nobody can tell.
local function is_whole(bytes, method)
  local response = strict.response(bytes, method, false)
  return response ~= nil and response.rest ~= nil
end


-- An instance answers with `bytes` and keeps the connection, or ends it. options: method, version, resets, cut
-- (where to break it in two).
function Hostile:prove(bytes, closes, options)
  options = options or {}
  local method = options.method or "GET"
  local meant, state, why = strict.response(bytes, method, closes)
  self.bytes, self.closes, self.resets = bytes, closes, options.resets
  self.cut = options.cut and not is_whole(bytes:sub(1, options.cut), method) and options.cut or nil
  self.world.tap:forget()
  local ok, err = pcall(function()
    judge(fetch(self, method, options.version), meant, state, options.version)
    local most = state == "incomplete" and 2 or 1 -- closed without an answer: that may have been a stale connection
    assert(#self.world.tap.requests <= most, "it was asked too often")
  end)
  local asked = self.world.tap.requests[1]
  local fine, why_not = pcall(function()
    local is_trusted = self.world:clean().connection == (asked and asked.connection)
    assert(not (is_trusted and meant and meant.rest ~= ""), "a connection with bytes behind the end was lent again")
    self.world:clean()
  end)
  if ok then ok, err = fine, why_not end
  if not ok then
    local verdict = meant and (state or (meant.is_bad and "bad body") or "fine") or state
    error(("%s\n%s %s: %s %s"):format(tostring(err), method, world.quote(bytes), verdict, why or ""), 0)
  end
end


return M
