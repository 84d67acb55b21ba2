-- SPDX-License-Identifier: Apache-2.0
-- A wire to a Redis that a spec can make slow or cut: p.delay is how long replies are held, p:cut() breaks connections in
-- the middle of the next reply.

local loop = require "spec.support.loop"
local socket = require "spec.support.socket"


local M = {}

local Proxy = {}
Proxy.__index = Proxy


local function pump(from, to, before)
  while true do
    local ok, bytes = pcall(from.recv, from, nil, 3600)
    if not ok or not bytes or bytes == "" then break end
    if not before(bytes) or not pcall(to.send, to, bytes) then break end
  end
  from:close()
  to:close()
end


function Proxy:serve(client)
  local ok, server = pcall(socket.connect, self.target)
  if not ok then return client:reset() end
  loop.go("to redis", pump, client, server, function() return true end):detach()
  pump(server, client, function(bytes)
    if self.delay > 0 then loop.pause(self.delay) end
    if self.is_cutting then
      self.is_cutting = false
      client:send(bytes:sub(1, 2))
      client:reset()
      return false
    end
    return true
  end)
end


function Proxy:cut()
  self.is_cutting = true
end


function Proxy:stop()
  self.is_stopped = true
  self.listener:close()
end


function M.start(redis)
  local self = setmetatable({ target = redis.address, delay = 0, listener = socket.listen("127.0.0.1:0") }, Proxy)
  self.url = "redis://" .. self.listener.address
  loop.go("redis proxy", function()
    while not self.is_stopped do
      local ok, client = pcall(self.listener.accept, self.listener, 3600)
      if not ok then break end
      loop.go("redis wire", self.serve, self, client):detach()
    end
  end):detach()
  return self
end


return M
