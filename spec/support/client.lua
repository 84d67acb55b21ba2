-- SPDX-License-Identifier: Apache-2.0
-- A client: one raw connection that sends the bytes it is given and reads responses strictly.

local http = require "spec.support.http"
local json = require "spec.support.json"
local loop = require "spec.support.loop"
local socket = require "spec.support.socket"


local M = {}

local Response = {}
Response.__index = Response


function Response:json()
  return json.decode(self.body)
end


local Client = {}
Client.__index = Client


-- options: receive_buffer, from (a loopback address of ours).
function M.connect(address, options)
  return setmetatable({ socket = socket.connect(address, options), address = address }, Client)
end


function Client:send(bytes, timeout)
  self.socket:send(bytes, timeout)
  return self
end


function Client:trickle(bytes, step)
  self.socket:trickle(bytes, step)
  return self
end


-- The next response; nil when the connection ended cleanly instead. `method`: of the request.
function Client:read(method, timeout)
  local response = http.read_response(self.socket, method or "GET", timeout)
  return response and setmetatable(response, Response)
end


-- Only its head; the body stays to be read from the socket.
function Client:read_head(method, timeout)
  return http.read_response_head(self.socket, method or "GET", timeout)
end


function Client:read_body(response, timeout)
  return http.read_body(self.socket, response, timeout)
end


-- options: those of http.request, and `timeout`.
function Client:request(method, target, options)
  self:send(http.request(method, target, options))
  return self:read(method, options and options.timeout)
end


function Client:get(target, options)
  return self:request("GET", target, options)
end


function Client:post(target, body, options)
  options = options or {}
  options.body = body
  return self:request("POST", target, options)
end


-- True when the other side closes, cleanly or not, without saying anything more.
function Client:is_closed(timeout)
  local rest = self.socket:read_all(timeout)
  return rest == "", rest
end


-- True when the connection stays open and silent for a moment.
function Client:is_open(seconds)
  return self.socket:is_silent(seconds or 0.05)
end


function Client:half_close()
  self.socket:half_close()
end


function Client:close()
  self.socket:close()
end


function Client:reset()
  self.socket:reset()
end


-- One request on a connection of its own.
function M.once(address, method, target, options)
  local client = M.connect(address, options)
  local ok, response = pcall(client.request, client, method, target, options)
  client:close()
  if not ok then error(response, loop.is_gone(response) and 0 or 2) end
  return response
end


return M
