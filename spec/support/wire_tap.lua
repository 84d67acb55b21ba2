-- SPDX-License-Identifier: Apache-2.0
-- An upstream that keeps every byte that it is sent, reads it with the strict reader, and answers each request by its name.

local strict = require "spec.support.wire_strict"
local loop = require "spec.support.loop"


local M = {}

local Tap = {}
Tap.__index = Tap


-- How a plain answer says whom it is for.
function M.name_of(request)
  return request.method .. " " .. request.target
end


function M.answer(request, extra)
  local body = M.name_of(request)
  local head = ("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n"):format(extra or "", #body)
  return head .. (request.method == "HEAD" and "" or body)
end


local function take_requests(self, connection, seen)
  local ok, list, rest = pcall(strict.requests, seen.raw)
  if not ok then
    self.problem = self.problem or (list.refused or tostring(list)) .. " in " .. ("%q"):format(seen.raw)
    connection:reset()
    return
  end
  seen.raw = seen.raw:sub(rest)
  for _, request in ipairs(list) do
    request.connection = connection.number
    self.requests[#self.requests + 1] = request
    if not connection.socket.fd then return end
    local hostile = self.hostile and self.hostile(request, connection)
    if not hostile then connection:send(M.answer(request)) end
  end
end


local function serve(self, connection)
  local seen = { raw = "" }
  self.seen[connection.number] = seen
  while connection.socket.fd do
    local piece = connection:recv(nil, 3600)
    if piece == "" then return end
    seen.raw = seen.raw .. piece
    take_requests(self, connection, seen)
  end
end


-- `keep`: gate's own way to have it stopped at cleanup. `hostile(request, connection)` may answer instead; true: it has.
function M.new(gate, hostile, address)
  local self = setmetatable({ requests = {}, seen = {}, hostile = hostile }, Tap)
  self.upstream = gate.upstream { name = "tap", address = address, script = function(connection)
    local ok, err = pcall(serve, self, connection)
    self.seen[connection.number] = nil
    if not ok and not loop.is_gone(err) then error(err, 0) end
  end }
  return self
end


function Tap:forget()
  self.requests, self.problem = {}, nil
end


-- Bytes of requests that are not whole, on connections that are still open.
function Tap:part()
  for _, seen in pairs(self.seen) do
    if seen.raw ~= "" then return seen.raw end
  end
end


return M
