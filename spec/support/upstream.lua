-- SPDX-License-Identifier: Apache-2.0
-- A scripted upstream: a listening socket with one actor per connection.
--
-- The handler gets (request, connection, upstream) for each request, body included, and returns status, body,
-- headers to answer plainly, or nothing when it has written to the connection itself. With `script`
-- instead of a handler, the connection is the script's from its first byte on.
-- `requests` holds every request seen, in order.

local http = require "spec.support.http"
local loop = require "spec.support.loop"
local socket = require "spec.support.socket"


local M = {}

local Connection = {}
function Connection.__index(self, key)
  if Connection[key] then return Connection[key] end
  local method = self.socket[key]
  if type(method) ~= "function" then return method end
  return function(first, ...)
    if first == self then first = self.socket end
    return method(first, ...)
  end
end


-- The next request with its body; nil at the end of the stream.
function Connection:read_request(timeout)
  local request = self:read_request_head(timeout)
  if request then self:read_whole(request, timeout) end
  return request
end


function Connection:read_request_head(timeout)
  local request = http.read_request_head(self.socket, timeout or 3600)
  if not request then return nil end
  request.connection = self.number
  self.served = self.served + 1
  table.insert(self.upstream.requests, request)
  return request
end


-- The body, for which Expect: 100-continue is answered like a common server does.
function Connection:read_whole(request, timeout)
  if (request.headers["Expect"] or ""):lower() == "100-continue" then
    self:send("HTTP/1.1 100 Continue\r\n\r\n")
  end
  return self:read_body(request, timeout)
end


function Connection:read_body(request, timeout)
  return http.read_body(self.socket, request, timeout or 3600)
end


function Connection:respond(status, body, headers)
  self:send(http.response(status, body, headers))
end


-- Waits until the gateway has closed its side, or reset it.
function Connection:wait_end(timeout)
  return self.socket:read_all(timeout or 60)
end


local Upstream = {}
Upstream.__index = Upstream


local function serve(self, connection)
  if self.script then return self.script(connection, self) end
  while connection.socket.fd do
    local request = connection:read_request_head()
    if not request then break end
    if not self.head_only then connection:read_whole(request) end
    local status, body, headers = self.handler(request, connection, self)
    if status then
      if request.method == "HEAD" then
        connection:send((http.response(status, body, headers):gsub("(\r\n\r\n).*", "%1")))
      else
        connection:respond(status, body, headers)
      end
    end
  end
end


local function run_connection(self, connection)
  local ok, err = pcall(serve, self, connection)
  connection.socket:close()
  self.open = self.open - 1
  connection.is_closed = true
  if not ok then error(err, 0) end
end


local function accept_all(self)
  while self.listener do
    local s = self.listener:accept()
    self.accepted = self.accepted + 1
    self.open = self.open + 1
    local connection = setmetatable({
      socket = s, upstream = self, number = self.accepted, served = 0,
    }, Connection)
    self.connections[#self.connections + 1] = connection
    loop.go(self.name .. " connection " .. self.accepted, run_connection, self, connection):detach()
  end
end


local function default_handler(_, _, self)
  return 200, self.name
end


local function begin(self)
  self.listener:listen(self.backlog)
  if self.accepts then
    loop.go(self.name, accept_all, self):detach()
  end
end


-- options: name, address ("127.0.0.1:0"), handler, script, head_only, accepts (true), backlog, down (refuses at first).
function M.new(options)
  if type(options) == "function" then options = { handler = options } end
  options = options or {}
  local self = setmetatable({
    name = options.name or "upstream", script = options.script, head_only = options.head_only,
    handler = options.handler or default_handler, accepts = options.accepts ~= false,
    backlog = options.backlog, accepted = 0, open = 0, requests = {}, connections = {},
  }, Upstream)
  self.listener = socket.bind(options.address or "127.0.0.1:0")
  self.address = self.listener.address
  self.url = self.address:find("^unix:") and self.address or "http://" .. self.address
  self.port = tonumber(self.address:match("(%d+)$"))
  if not options.down then begin(self) end
  return self
end


-- From now on connections are refused; those there are get reset.
function Upstream:go_down()
  self.listener:close()
  for _, connection in ipairs(self.connections) do connection.socket:reset() end
  self.listener = socket.bind(self.address)
end


function Upstream:come_back()
  begin(self)
end


-- Closes, cleanly, every connection that is open; the gateway's pool goes stale.
function Upstream:close_connections()
  for _, connection in ipairs(self.connections) do connection.socket:close() end
end


function Upstream:wait_requests(n, timeout)
  loop.wait_until(function() return #self.requests >= n end, function()
    return ("request %d at %s; there were %d"):format(n, self.name, #self.requests)
  end, timeout)
  return self.requests[n]
end


function Upstream:wait_connections(n, timeout)
  loop.wait_until(function() return self.accepted >= n end, function()
    return ("connection %d at %s; there were %d"):format(n, self.name, self.accepted)
  end, timeout)
  return self.connections[n]
end


function Upstream:wait_open(n, timeout)
  loop.wait_until(function() return self.open == n end, function()
    return ("%d open connections at %s; there are %d"):format(n, self.name, self.open)
  end, timeout)
end


function Upstream:last()
  return self.requests[#self.requests]
end


function Upstream:stop()
  if self.listener then self.listener:close() end
  self.listener = nil
  self:close_connections()
end


return M
