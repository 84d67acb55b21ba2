-- SPDX-License-Identifier: Apache-2.0
-- http.lua - http.get(url, options) and its sisters: a request to somebody else, while the handler waits.
--
-- What is wrong with the call itself raises at the plugin's line; whatever happens on the way is nil and a sentence. C judges
-- every URL, header and byte of the response; this file only carries them over.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local json = require "lunette.json"
local phase = require "lunette.phase"
local services = require "lunette.services"
local task = require "lunette.task"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local C, str, str2, at, to_string = F.C, F.str, F.str2, F.at, F.string

local TIMEOUT, MAX = 5, 2 ^ 20
local OPTIONS = {
  method = true, url = true, service = true, path = true, unix = true, headers = true, body = true, json = true,
  timeout = true, max = true,
}

local M = {
  fake = nil, -- specs answer here: fake { method, url, service, path, headers, body } -> { status, headers, body }; or nil, why
}


-- ---- what comes back ----

local FIRST, LIST = {}, {} -- keys that nobody else has

local header_methods = {}


-- Every value of that name, as a list.
function header_methods.all(headers, name)
  local values = {}
  for _, pair in ipairs(headers[LIST]) do
    if pair[1]:lower() == name:lower() then values[#values + 1] = pair[2] end
  end
  return values
end


-- for name, value in headers:each() do ... end
function header_methods.each(headers)
  local list, i = headers[LIST], 0
  return function()
    i = i + 1
    if list[i] then return list[i][1], list[i][2] end
  end
end


local Headers = {
  __index = function(headers, name)
    if type(name) ~= "string" then return nil end
    return header_methods[name] or rawget(headers, FIRST)[name:lower()]
  end,
  __newindex = function() fault.raise("the headers of a reply cannot be changed") end,
  __tostring = function() return "headers" end,
  __metatable = "headers",
}

local Reply = {}
local REPLY = { __index = Reply, __metatable = "reply" }


-- The content as a value; or nil and what is wrong with it.
function Reply:json()
  local ok, value, why = pcall(json.decode, self.body)
  if not ok then return nil, tostring(value) end
  return value, why
end


local function new_reply(status, body, list)
  local first = {}
  for _, pair in ipairs(list) do
    local low = pair[1]:lower()
    if first[low] == nil then first[low] = pair[2] end
  end
  return setmetatable({
    status = status, body = body, headers = setmetatable({ [FIRST] = first, [LIST] = list }, Headers),
  }, REPLY)
end


local function take_error(h)
  C.ln_http_error(h, str)
  return to_string(str.ptr, str.len)
end


-- The reply; or nil, a sentence, and the status of a response whose content could not be had.
local function take_reply(h)
  local status = C.ln_http_status(h)
  if C.ln_http_error(h, str) == 0 then return nil, to_string(str.ptr, str.len), status > 0 and status or nil end
  local list, n = {}, 0
  at[0] = 0
  while C.ln_http_next(h, at, str, str2) == 0 do
    n = n + 1
    list[n] = { to_string(str.ptr, str.len), to_string(str2.ptr, str2.len) }
  end
  C.ln_http_content(h, str)
  return new_reply(status, to_string(str.ptr, str.len), list)
end


-- ---- what goes out ----

local function add_header(h, what, name, value)
  local kind = type(value)
  if type(name) ~= "string" or (kind ~= "string" and kind ~= "number") then
    fault.raise(("%s: headers: expected names with strings or numbers, got %s = %s")
      :format(what, text.show(name), text.show(value)))
  end
  value = tostring(value)
  if C.ln_http_add(h, name, #name, value, #value) ~= 0 then
    fault.raise(("%s: header %q: expected a name of letters, digits and dashes and a value without line breaks, got %q")
      :format(what, name, value))
  end
end


local function add_headers(h, what, headers)
  if headers == nil then return end
  if type(headers) ~= "table" then fault.raise(what .. ": headers: expected a table, got " .. text.show(headers)) end
  for _, name in ipairs(text.ordered_keys(headers)) do
    local value = headers[name]
    for _, one in ipairs(type(value) == "table" and value or { value }) do add_header(h, what, name, one) end
  end
end


local function default_header(h, name, value)
  if C.ln_http_has(h, name, #name) ~= 0 then C.ln_http_add(h, name, #name, value, #value) end
end


-- The content as a text, or nil: none.
local function content_of(what, o)
  if o.json == nil then
    if o.body ~= nil and type(o.body) ~= "string" then
      fault.raise(what .. ": body: expected a string, got " .. text.show(o.body))
    end
    return o.body
  end
  if o.body ~= nil then fault.raise(what .. ": there are both body and json; which of them?") end
  local ok, encoded = pcall(json.encode, o.json)
  if not ok then fault.raise(what .. ": json: " .. tostring(encoded)) end
  return encoded
end


-- True, or nil and what is wrong with the address.
local function set_address(h, what, o)
  local rc
  if o.service ~= nil then
    if o.url ~= nil then fault.raise(what .. ": there are both url and service; which of them?") end
    local index, why = services.index_of(o.service)
    if not index and not M.fake then fault.raise(("%s: service: %s"):format(what, why)) end
    local path = o.path or "/"
    if type(path) ~= "string" then fault.raise(what .. ": path: expected a string, got " .. text.show(path)) end
    rc = C.ln_http_service(h, index or 0, path, #path)
  else
    if type(o.url) ~= "string" then
      fault.raise(("%s: expected a URL such as \"http://host:8080/path\", or service and path, got %s")
        :format(what, text.show(o.url)))
    end
    if o.path ~= nil then fault.raise(what .. ": path goes with service; the URL has one of its own") end
    rc = C.ln_http_url(h, o.url, #o.url)
    if rc == 0 and o.unix ~= nil then rc = C.ln_http_unix(h, tostring(o.unix), #tostring(o.unix)) end
  end
  if rc ~= 0 then return nil, take_error(h) end
  return true
end


local function number_of(what, o, name, convert, otherwise, example)
  if o[name] == nil then return otherwise end
  local n = convert(o[name])
  if n and n > 0 then return n end
  fault.raise(("%s: %s: expected %s, got %s"):format(what, name, example, text.show(o[name])))
end


local function check_options(what, o)
  for name in pairs(o) do
    if not OPTIONS[name] then
      fault.raise(("%s: unknown option %s%s")
        :format(what, text.quote(tostring(name)), text.hint(tostring(name), text.sorted_keys(OPTIONS))))
    end
  end
end


-- ---- the call ----

local function ask_fake(h, method, o, content, most)
  F.free_http(h)
  local answer, why = M.fake {
    method = method, url = o.url, service = o.service and tostring(services.name_of(o.service)),
    path = o.path or (o.service and "/"), headers = o.headers or {}, body = content, timeout = o.timeout,
  }
  if not answer then return nil, why end
  if #answer.body > most then
    return nil, ("the response has %d bytes, at most %d are taken"):format(#answer.body, most), answer.status
  end
  return new_reply(answer.status, answer.body, answer.headers)
end


local function perform(what, method, o)
  phase.check("http")
  task.check_yield(what)
  check_options(what, o)
  local content = content_of(what, o)
  local timeout = number_of(what, o, "timeout", units.seconds, TIMEOUT, 'a duration such as 0.5, "250ms" or "5s"')
  local most = number_of(what, o, "max", units.bytes, MAX, 'a size such as 4096, "64k" or "1m"')
  if type(method) ~= "string" then fault.raise(what .. ": method: expected a string, got " .. text.show(method)) end
  local h = F.new_http(method)
  if not h then fault.raise(("%s: %s is not a method"):format(what, text.quote(method))) end
  add_headers(h, what, o.headers)
  default_header(h, "User-Agent", "lunette")
  if o.json ~= nil then default_header(h, "Content-Type", "application/json") end
  if content then C.ln_http_body(h, content, #content) end
  local ok, why = set_address(h, what, o)
  if not ok then
    F.free_http(h)
    return nil, why
  end
  if M.fake then return ask_fake(h, method, o, content, most) end
  local rc = C.ln_http_start(h, timeout, most)
  if rc == C.LN_EINVAL then fault.raise(what .. ": timeout: expected at most 24 hours") end
  if rc ~= C.LN_WAIT then fault.raise(what .. ": nothing can wait here") end
  task.wait()
  local reply, err, status = take_reply(h)
  F.free_http(h)
  return reply, err, status
end


-- (url, options), or all in one table.
local function options_of(what, url, options)
  if type(url) == "table" and options == nil then return url end
  if options ~= nil and type(options) ~= "table" then
    fault.raise(("%s: expected a table of options, got %s"):format(what, text.show(options)))
  end
  if options ~= nil and options.url ~= nil then fault.raise(what .. ": there are two URLs") end
  local all = {}
  for name, value in pairs(options or {}) do all[name] = value end
  all.url = url
  return all
end


for name, method in pairs {
  get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE", head = "HEAD", options = "OPTIONS",
} do
  M[name] = function(url, options)
    local what = "http." .. name
    local o = options_of(what, url, options)
    if o.method ~= nil then fault.raise(("%s: method goes with http.request"):format(what)) end
    return perform(what, method, o)
  end
end


-- Any method: http.request { method = "PURGE", url = ... }
function M.request(url, options)
  local o = options_of("http.request", url, options)
  return perform("http.request", o.method or "GET", o)
end


-- What plugins see of this.
M.library = {
  get = M.get, post = M.post, put = M.put, patch = M.patch, delete = M.delete, head = M.head, options = M.options,
  request = M.request,
}

return M
