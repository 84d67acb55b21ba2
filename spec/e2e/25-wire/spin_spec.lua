-- SPDX-License-Identifier: Apache-2.0
-- Waiting costs nothing: in every state in which one side has stopped and the other has not, the worker sleeps.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local limits = require "spec.support.wire_limits"


local HOLD = [[
local p = plugin "hold" { version = "1.0.0", api = 1, schema = {} }
function p:request(req) if req.path == "/hold" then sleep(8) end end
return p
]]

local POST = "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
local WS = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
local SWITCH = "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


-- Sends until nothing more goes.
local function fill(s)
  local piece = ("x"):rep(65536)
  while true do
    local ok, n = pcall(s.try_send, s, piece)
    if not ok then return end
    if n == 0 then
      gate.pause(0.05)
      if s:try_send(piece) == 0 then return end
    end
  end
end


-- What the instance does, and what the client: afterwards nothing moves any more.
local STATES = {
  ["a client has half-closed and the instance thinks"] = {
    function(c) c:read_all(10) end,
    function(c) c:send(gate.http.request("GET", "/wait")):half_close() end,
  },
  ["a client sends a body that the instance does not read"] = {
    function(c, done) done:wait(10) c:close() end,
    function(c) c:send(POST) fill(c.socket) end, head_only = true,
  },
  ["an instance sends an answer that the client does not read"] = {
    function(c, done)
      c:send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
      fill(c.socket)
      done:wait(10)
      c:close()
    end,
    function(c) c:send(gate.http.request("GET", "/wait")) end,
  },
  ["both sides have stopped reading"] = {
    function(c, done)
      c:send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
      fill(c.socket)
      done:wait(10)
      c:close()
    end,
    function(c) c:send(POST) fill(c.socket) end, head_only = true,
  },
  ["an instance has half-closed in the middle of an upload"] = {
    function(c, done) c:half_close() done:wait(10) c:close() end,
    function(c) c:send(POST .. "hello") end, head_only = true,
  },
  ["an instance has answered early and half-closed"] = {
    function(c, done) c:respond(413, "no", { "Connection: close" }) c:half_close() done:wait(10) c:close() end,
    function(c) c:send(POST .. "hello") end, head_only = true,
  },
  ["a refused client stays"] = {
    function() end, function(c) c:send("GET / HTTP/1.1\r\nbad\r\n\r\n") end, nothing = true,
  },
  ["a client was refused and goes on sending nothing but its end"] = {
    function() end, function(c) c:send("GET / HTTP/1.1\r\nbad\r\n\r\n"):half_close() end, nothing = true,
  },
  ["a tunnel is closed in one direction by the client"] = {
    function(c, done) c:send(SWITCH) done:wait(10) c:close() end, function(c) c:send(WS):half_close() end,
  },
  ["a tunnel is closed in one direction by the instance"] = {
    function(c, done) c:send(SWITCH) c:half_close() done:wait(10) c:close() end, function(c) c:send(WS) end,
  },
  ["a tunnel is full in both directions"] = {
    function(c, done) c:send(SWITCH) fill(c.socket) done:wait(10) c:close() end,
    function(c) c:send(WS) fill(c.socket) end,
  },
  ["a handler waits and the client has half-closed"] = {
    function(c) c:respond(200, "late") end,
    function(c) c:send(gate.http.request("GET", "/hold")):half_close() end, nothing = true,
  },
  ["a handler waits and the client goes on sending"] = {
    function(c) c:respond(200, "late") end,
    function(c) c:send((POST:gsub("/wait", "/hold"))) fill(c.socket) end, nothing = true,
  },
  ["a handler waits and the client is gone"] = {
    function(c) c:respond(200, "late") end,
    function(c) c:send(gate.http.request("GET", "/hold")):reset() end, nothing = true,
  },
  ["half of a head has come"] = {
    function() end, function(c) c:send("GET / HTTP/1.1\r\nHos") end, nothing = true,
  },
  ["a pipeline is not read"] = {
    function(c) c:respond(200, ("x"):rep(100000)) end,
    function(c) c:send((gate.http.request("GET", "/wait")):rep(2000)) end,
  },
}


describe("a worker sleeps while", function()
  after_each(gate.cleanup)

  for name, state in pairs(STATES) do
    it(name, function()
      local done = gate.gate()
      local up = gate.upstream { head_only = state.head_only, handler = function(request, connection)
        if request.target == "/clean" then return 200, "clean" end
        state[1](connection, done)
      end }
      local g = gate.proxy(up, {
        plugins = { hold = HOLD }, routes = 'any "/*" { to = service "main", use "hold" {} }',
        extra = { generatedRoutes = false },
      })
      local clients = {}
      for i = 1, 3 do
        clients[i] = gate.client(g, { receive_buffer = 4096 })
        local c = clients[i]
        gate.go("client " .. i, function() state[2](c) end):detach()
      end
      if not state.nothing then up:wait_requests(3) end
      -- It may take a while until nothing moves any more; who spins never comes to rest.
      local used
      local rests = pcall(gate.eventually, function()
        local before = limits.cpu(g)
        gate.pause(0.3)
        used = limits.cpu(g) - before
        return used <= 0.06 * gate.slow
      end, "rest")
      assert.is_true(rests, tostring(used) .. " s of 0.3")
      assert.equal("clean", g:get("/clean").body)
      done:open()
      for _, c in ipairs(clients) do c:close() end
    end)
  end
end)
