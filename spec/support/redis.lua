-- SPDX-License-Identifier: Apache-2.0
-- Real redis-servers for specs, on a free loopback port each: they can be killed, stopped and started again there.
-- The port stays ours all the time: a bound socket that does not listen keeps it from others, and not from redis-server.

local dir = require "spec.support.dir"
local loop = require "spec.support.loop"
local process = require "spec.support.process"
local socket = require "spec.support.socket"


local M = {}

local Server = {}
Server.__index = Server


-- A port that nobody else gets before the holder is closed, and its holder.
function M.hold_port()
  local holder = socket.bind("127.0.0.1:0")
  return holder.address:match("(%d+)$"), holder
end


local function find_binary()
  for folder in os.getenv("PATH"):gmatch("[^:]+") do
    local path = folder .. "/redis-server"
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
  error("redis-server is not installed: cmake/deps test", 0)
end


-- `options`: password; settings = { "--name", "value", ... }; sentinel = the text of its configuration: a sentinel.
function M.start(options)
  options = options or {}
  local self = setmetatable({ dir = dir.new(), password = options.password }, Server)
  self.port, self.holder = M.hold_port()
  self.settings = options.settings or {}
  if options.sentinel then self.dir:write("sentinel.conf", options.sentinel) end
  self.is_sentinel = options.sentinel ~= nil
  self.address = "127.0.0.1:" .. self.port
  self.url = ("redis://%s%s"):format(self.password and ":" .. self.password .. "@" or "", self.address)
  self:run()
  return self
end


-- Starts it (again), empty unless it was told to SAVE; with further settings, and until it has said `ready`.
function Server:run(more, ready)
  local args = { "--port", self.port, "--bind", "127.0.0.1", "--dir", self.dir.path }
  if self.is_sentinel then
    table.insert(args, 1, self.dir:join("sentinel.conf"))
    args[#args + 1] = "--sentinel"
  else
    for _, word in ipairs { "--save", "", "--enable-debug-command", "yes" } do args[#args + 1] = word end
  end
  if self.password then
    args[#args + 1] = "--requirepass"
    args[#args + 1] = self.password
  end
  for _, word in ipairs(self.settings) do args[#args + 1] = word end
  for _, word in ipairs(more or {}) do args[#args + 1] = word end
  ready = ready or self.is_sentinel and "Sentinel ID is" or "Ready to accept connections"
  self.process = process.start(find_binary(), args)
  loop.wait_until(function()
    if not self.process:is_running() then error("redis-server has ended: " .. self.process.out.text, 0) end
    return self.process.out.text:find(ready, 1, true)
  end, "redis-server to be ready")
end


-- At once, as by a crash.
function Server:kill()
  self.process:signal(process.KILL)
  self.process:destroy()
end


function Server:pause()
  self.process:signal(process.STOP)
end


function Server:resume()
  self.process:signal(process.CONT)
end


function Server:stop()
  if self.process:is_running() then self:kill() end
  self.holder:close()
  self.dir:remove()
end


local function encode(words)
  local out = { ("*%d\r\n"):format(#words) }
  for _, word in ipairs(words) do out[#out + 1] = ("$%d\r\n%s\r\n"):format(#tostring(word), tostring(word)) end
  return table.concat(out)
end


-- What a read has given; raises a "gone" error when it was cut short.
local function whole(bytes, part)
  if bytes then return bytes end
  error(loop.gone(("redis-server has closed the connection after %q"):format(part)), 0)
end


local function read_value(s)
  local kind, rest = whole(s:read_until("\r\n")):match("^(.)(.-)\r?\n?$")
  if kind == "$" then
    if rest == "-1" then return nil end
    return (whole(s:read_exactly(tonumber(rest) + 2)):sub(1, -3))
  end
  if kind == "*" then
    local list = {}
    for i = 1, tonumber(rest) do list[i] = read_value(s) or false end
    return list
  end
  if kind == ":" then return tonumber(rest) end
  if kind == "-" then error(rest, 0) end
  return rest
end


-- A command of the spec's own, on a connection of its own; its value.
function Server:command(...)
  local s = socket.connect(self.address)
  if self.password then
    s:send(encode { "AUTH", self.password })
    read_value(s)
  end
  s:send(encode { ... })
  local value = read_value(s)
  s:close()
  return value
end


-- Likewise from a server whose place may change hands, for which it closes all connections: nil when it has closed this one.
function Server:try(...)
  local ok, value = pcall(self.command, self, ...)
  if ok or loop.is_gone(value) then return ok and value or nil end
  error(value, 0)
end


-- Several at once, with nothing in between; their values, false for none.
function Server:pipeline(list)
  local s, values = socket.connect(self.address), {}
  if self.password then
    s:send(encode { "AUTH", self.password })
    read_value(s)
  end
  for _, words in ipairs(list) do s:send(encode(words)) end
  for i = 1, #list do values[i] = read_value(s) or false end
  s:close()
  return values
end


-- Likewise, but nobody waits for the answer.
function Server:command_aside(...)
  local s = socket.connect(self.address)
  if self.password then s:send(encode { "AUTH", self.password }) end
  s:send(encode { ... })
  return s
end


return M
