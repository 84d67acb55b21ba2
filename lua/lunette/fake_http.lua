-- SPDX-License-Identifier: Apache-2.0
-- fake_http.lua - the other end of `http` in specs: answers that the spec has named, and the requests that came.
--
--   gate.http:on("POST http://authz/check", 200, { user = "ann" })
--   gate.http:on("GET user-service/users/*", function(request) return 200, request.path end)
--   gate.http:on("GET http://slow/", nil, "timed out")
--
-- A request goes "METHOD URL", or "METHOD SERVICE/path" when it is for a service; a * at the end stands for any rest. The
-- newest of several that fit counts. A request that nobody has named is an error of the plugin's handler, not an answer.

local fault = require "lunette.fault"
local json = require "lunette.json"
local text = require "lunette.schema_text"

local M = {}
M.__index = M


-- An empty one: no answers, no requests.
function M.new()
  return setmetatable({ requests = {}, answers = {} }, M)
end


-- ... and as it was in the beginning.
function M:reset()
  self.requests, self.answers = {}, {}
end


local function pattern_of(name)
  if name:find("^%u+ %a+://[^/?]+$") or name:find("^%u+ [^/?*]+$") then name = name .. "/" end
  local escaped = name:gsub("%*$", ""):gsub("%p", "%%%0")
  return "^" .. escaped .. (name:sub(-1) == "*" and ".*$" or "$")
end


-- Says what answers requests of that name: status, body (a table becomes JSON), headers; or nil and why there is none; or a
-- function(request) that returns those.
function M:on(name, status, body, headers)
  if type(name) ~= "string" or not name:find("^%u+ %S+$") then
    error(('gate.http:on: expected a request such as "POST http://host/path" or "GET service/path", got %s')
      :format(text.show(name)), 2)
  end
  if status ~= nil and type(status) ~= "number" and type(status) ~= "function" then
    error("gate.http:on: expected a status, a function, or nil and a reason, got " .. text.show(status), 2)
  end
  local answer = type(status) == "function" and status or function() return status, body, headers end
  table.insert(self.answers, 1, { pattern = pattern_of(name), answer = answer })
  return self
end


local function name_of(request)
  if request.service then return ("%s %s%s"):format(request.method, request.service, request.path or "/") end
  local url = request.url
  if url:find("^%a+://[^/?]+$") then url = url .. "/" end
  return ("%s %s"):format(request.method, url)
end


local function find(self, name)
  local plain = name:gsub("%?.*$", "")
  for _, one in ipairs(self.answers) do
    if name:find(one.pattern) or plain:find(one.pattern) then return one end
  end
end


-- { name = value } or { { name, value }, ... } as the latter, sorted by name.
local function pairs_of(headers)
  local list = {}
  for _, key in ipairs(text.ordered_keys(headers or {})) do
    local value = headers[key]
    if type(key) == "number" then
      list[#list + 1] = value
    else
      for _, one in ipairs(type(value) == "table" and value or { value }) do
        list[#list + 1] = { key, tostring(one) }
      end
    end
  end
  return list
end


local function any_case(list)
  local lower = {}
  for i = #list, 1, -1 do lower[list[i][1]:lower()] = list[i][2] end
  return setmetatable({}, {
    __index = function(_, name) return type(name) == "string" and lower[name:lower()] or nil end,
  })
end


local function to_answer(status, body, headers)
  if not status then return nil, tostring(body or "no answer") end
  local list = pairs_of(headers)
  if type(body) == "table" then
    body = json.encode(body)
    if not any_case(list)["Content-Type"] then list[#list + 1] = { "Content-Type", "application/json" } end
  end
  return { status = status, headers = list, body = body and tostring(body) or "" }
end


-- What lunette.http asks instead of the network. `request`: method; url, or service and path; headers as { name = value } or a
-- list of pairs; body, timeout. Gives { status, headers = list of pairs, body }; or nil and why.
function M:answer(request)
  local name = name_of(request)
  local seen = { name = name, all = pairs_of(request.headers) }
  for key, value in pairs(request) do seen[key] = value end
  seen.headers = any_case(seen.all)
  function seen.json() return json.decode(seen.body or "") end
  self.requests[#self.requests + 1] = seen
  local one = find(self, name)
  if not one then
    fault.raise(("http: the spec has no answer for %s; gate.http:on(%s, status, body) gives one")
      :format(text.quote(name), text.quote((name:gsub("%?.*$", "")))))
  end
  return to_answer(one.answer(seen))
end


M.default = M.new() -- gate.http

return M
