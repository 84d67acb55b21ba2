-- SPDX-License-Identifier: Apache-2.0
-- replies.lua - the option `reply` of a route: an answer that is always the same, made once, as the last plugin of the chain.

local response = require "lunette.response"
local simple = require "lunette.schema_types"
local text = require "lunette.schema_text"

local M = {}

local handlers = {
  request = function(self) return self.status, self.body, self.headers end,
}


local function header_fault(name, value)
  if not simple.is_header_name(name) then
    return ("%s is no header name"):format(type(name) == "string" and text.quote(name) or text.show(name))
  end
  if type(value) == "number" then return nil end
  for _, one in ipairs(type(value) == "table" and value or { value }) do
    if type(one) ~= "string" or not simple.is_header_value(one) then
      return ("header %s: expected a text, or a list of texts, got %s"):format(name, text.show(one))
    end
  end
end


local function read_headers(given)
  local headers, typed = {}, false
  for _, name in ipairs(text.ordered_keys(given)) do
    local why = header_fault(name, given[name])
    if why then return nil, why end
    headers[name] = given[name]
    typed = typed or name:lower() == "content-type"
  end
  return headers, typed
end


local function read(reply)
  local status = type(reply) == "table" and getmetatable(reply) == nil and reply[1]
  if type(status) ~= "number" or status % 1 ~= 0 or status < 200 or status > 599 then
    return nil, "expected { status, body, headers } with a status from 200 to 599"
  end
  for key in pairs(reply) do
    if key ~= 1 and key ~= 2 and key ~= 3 then
      local shown = type(key) == "string" and text.quote(key) or text.show(key)
      return nil, ("unexpected %s; expected { status, body, headers }"):format(shown)
    end
  end
  local ok, body, kind = pcall(response.body, reply[2])
  if not ok or not body then return nil, tostring(ok and kind or body) end
  if reply[3] ~= nil and type(reply[3]) ~= "table" then return nil, "expected a table of headers in third place" end
  local headers, typed = read_headers(reply[3] or {})
  if not headers then return nil, typed end
  if kind and not typed then headers["Content-Type"] = kind end
  return { status = status, body = body, headers = headers }
end


-- The option as a plugin that always answers; nil when there is none, or a mistake, which `complain` is told.
function M.read(item, complain)
  local reply = item.body.reply
  if reply == nil then return nil end
  local answer, why = read(reply)
  if not answer then return complain(item, "reply: " .. why) end
  return {
    plugin = "reply", title = "reply", handlers = handlers, on_error = "fail", file = item.file, line = item.line,
    self = answer,
  }
end


return M
