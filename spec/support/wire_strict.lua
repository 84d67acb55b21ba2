-- SPDX-License-Identifier: Apache-2.0
-- A second opinion: HTTP/1 read from a string by rules written for the tests alone, sharing nothing with the gateway nor with
-- http.lua. It repairs nothing: whatever is not plainly one message is refused (an error string), or is not complete yet.
--
--   strict.requests(bytes)         -> list, rest          raises { refused = why } at the first bad byte
--   strict.judge(bytes)            -> list, "refused" | "incomplete" | nil, why: what a client's bytes mean to a gateway
--   strict.response(bytes, method, is_ended)             -> response | nil, "refused" | "incomplete", why

local M = {}

local TCHAR = "[%w!#$%%&'*+.^_`|~-]"
local MAX_LENGTH = "9223372036854775807"


local function refuse(why, ...)
  error({ refused = why:format(...) }, 0)
end


-- ---- lines and fields --------------------------------------------------------------------------------------------

-- The line at `at` without its CRLF, and where the next one begins; nil when it is not whole.
local function line_at(bytes, at)
  local stop = bytes:find("\r\n", at, true)
  if not stop then return nil end
  local line = bytes:sub(at, stop - 1)
  if line:find("[\r\n]") then refuse("a bare CR or LF") end
  return line, stop + 2
end


local function field_of(line)
  local name, value = line:match("^(" .. TCHAR .. "+):(.*)$")
  if not name then refuse("not a field: %q", line) end
  value = value:gsub("^[ \t]+", ""):gsub("[ \t]+$", "")
  if value:find("[%z\1-\8\10-\31\127]") then refuse("a control in a value") end
  return { name = name, lower = name:lower(), value = value }
end


-- Fields up to the empty line: the list, and where the rest begins; nil when they are not whole.
local function fields_at(bytes, at)
  local fields = {}
  while true do
    local line, after = line_at(bytes, at)
    if not line then return nil end
    if line == "" then return fields, after end
    fields[#fields + 1] = field_of(line)
    at = after
  end
end


function M.all(fields, lower)
  local values = {}
  for _, f in ipairs(fields) do
    if f.lower == lower then values[#values + 1] = f.value end
  end
  return values
end


local function options_of(fields, name)
  local options = {}
  for _, value in ipairs(M.all(fields, name)) do
    for piece in (value .. ","):gmatch("[ \t]*(.-)[ \t]*,") do
      if piece ~= "" then
        if not piece:find("^" .. TCHAR .. "+$") then refuse("not an option: %q", piece) end
        options[#options + 1] = piece:lower()
      end
    end
  end
  return options
end


-- ---- bodies ------------------------------------------------------------------------------------------------------

local function length_of(text)
  if not text:find("^%d+$") then refuse("not a length: %q", text) end
  local digits = text:gsub("^0+(.)", "%1")
  if #digits > #MAX_LENGTH or (#digits == #MAX_LENGTH and digits > MAX_LENGTH) then refuse("too long") end
  return tonumber(digits)
end


-- "chunked", or "length" and the number, or nothing.
local function framing_of(fields, minor)
  local codings, lengths = M.all(fields, "transfer-encoding"), M.all(fields, "content-length")
  if #codings > 0 then
    if #lengths > 0 then refuse("both framings") end
    if minor == 0 then refuse("a transfer coding in 1.0") end
    if #codings > 1 or codings[1]:lower() ~= "chunked" then refuse("not a single chunked") end
    return "chunked"
  end
  if #lengths > 1 then refuse("several lengths") end
  if lengths[1] then return "length", length_of(lengths[1]) end
end


-- chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS value ] ), nothing before the line's end.
local function check_extensions(text)
  local at = 1
  while at <= #text do
    local _, stop = text:find("^[ \t]*;[ \t]*" .. TCHAR .. "+", at)
    if not stop then refuse("a bad chunk extension: %q", text) end
    at = stop + 1
    local _, equals = text:find("^[ \t]*=[ \t]*", at)
    if equals then
      at = equals + 1
      _, stop = text:find("^" .. TCHAR .. "+", at)
      if not stop then
        stop = at
        if text:sub(at, at) ~= '"' then refuse("a bad extension value") end
        repeat
          local c = text:sub(stop + 1, stop + 1)
          if c == "" or (c:find("[%z\1-\8\10-\31\127]")) then refuse("a bad quoted value") end
          if c == "\\" then
            stop = stop + 1
            if text:sub(stop + 1, stop + 1):find("^[%z\1-\8\10-\31\127]?$") then refuse("a bad quoted pair") end
          end
          stop = stop + 1
        until c == '"'
      end
      at = stop + 1
    end
  end
end


local FORBIDDEN = {}
for name in ([[accept age authorization authentication-info cache-control connection content-encoding content-length
  content-range content-type cookie date expect expires forwarded host if-match if-modified-since if-none-match if-range
  if-unmodified-since keep-alive location max-forwards pragma proxy-authenticate proxy-authentication-info
  proxy-authorization proxy-connection range retry-after set-cookie te trailer transfer-encoding upgrade vary via
  www-authenticate x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto x-origin-host
  x-real-ip x-request-id]]):gmatch("%S+") do
  FORBIDDEN[name] = true
end


local LOOKALIKES = {}
for name in ([[content_length transfer_encoding proxy_authorization x_forwarded_for x_forwarded_host x_forwarded_port
  x_forwarded_prefix x_forwarded_proto x_origin_host x_real_ip x_request_id]]):gmatch("%S+") do
  LOOKALIKES[name:gsub("_", "-")] = true
end


local function is_lookalike(lower)
  return lower:find("[^%w-]") ~= nil and LOOKALIKES[lower:gsub("[^%w-]", "-")] == true
end


-- The body at `at`: bytes, where the rest begins, trailers; nil when it is not whole (and what there is of it).
local function chunked_at(bytes, at)
  local pieces = {}
  while true do
    local line, after = line_at(bytes, at)
    if not line then return nil, table.concat(pieces) end
    local digits, extensions = line:match("^(%x+)(.*)$")
    if not digits or #digits > 16 or (#digits == 16 and digits:find("^[89a-fA-F]")) then
      refuse("not a chunk size: %q", line)
    end
    check_extensions(extensions)
    local size = tonumber(digits, 16)
    if size == 0 then
      local trailers, rest = fields_at(bytes, after)
      for _, f in ipairs(trailers or {}) do
        if FORBIDDEN[f.lower] or is_lookalike(f.lower) then refuse("a forbidden trailer") end
      end
      return rest and table.concat(pieces), rest or table.concat(pieces), trailers
    end
    local data = bytes:sub(after, after + size - 1)
    pieces[#pieces + 1] = data
    local ending = bytes:sub(after + size, after + size + 1)
    if ending ~= ("\r\n"):sub(1, #ending) then refuse("no CRLF behind a chunk") end
    if #data < size or #ending < 2 then return nil, table.concat(pieces) end
    at = after + size + 2
  end
end


local function body_at(bytes, at, framing, length)
  if framing == "chunked" then return chunked_at(bytes, at) end
  if framing ~= "length" then return "", at end
  local body = bytes:sub(at, at + length - 1)
  if #body < length then return nil, body end
  return body, at + length
end


M.parts = {
  refuse = refuse, line_at = line_at, fields_at = fields_at, options_of = options_of, framing_of = framing_of,
  body_at = body_at, is_lookalike = is_lookalike, TCHAR = TCHAR,
}


-- ---- messages ----------------------------------------------------------------------------------------------------

-- One request at `at` as an upstream reads it: no kindness at all. nil when it is not whole.
local function request_at(bytes, at)
  local first, after = line_at(bytes, at)
  if not first then return nil end
  local method, target, minor = first:match("^(%u[%u-]*) ([\33-\126]+) HTTP/1%.([01])$")
  if not method then refuse("not a request line: %q", first) end
  local fields, body_start = fields_at(bytes, after)
  if not fields then return nil end
  if #M.all(fields, "host") ~= 1 then refuse("not one Host") end
  for _, f in ipairs(fields) do
    if is_lookalike(f.lower) then refuse("a lookalike: %s", f.name) end
  end
  local body, rest, trailers = body_at(bytes, body_start, framing_of(fields, tonumber(minor)))
  if not body then return nil end
  return { method = method, target = target, fields = fields, body = body, trailers = trailers }, rest
end


function M.requests(bytes, at)
  local list = {}
  at = at or 1
  while at <= #bytes do
    local request, rest = request_at(bytes, at)
    if not request then break end
    list[#list + 1], at = request, rest
  end
  return list, at
end


-- The first response that is not an interim one.
local function read_response(bytes, method, is_ended, at)
  local first, after = line_at(bytes, at)
  if not first then return nil, "incomplete" end
  local minor, status = first:match("^HTTP/1%.([01]) ([1-5]%d%d) [^%z\1-\8\10-\31\127]*$")
  if not status then refuse("not a status line: %q", first) end
  status = tonumber(status)
  local fields, start = fields_at(bytes, after)
  if not fields then return nil, "incomplete" end
  local framing, length = framing_of(fields, tonumber(minor))
  options_of(fields, "connection")
  if status == 101 then refuse("an unasked 101") end
  if status < 200 then
    if framing == "chunked" or (length or 0) > 0 then refuse("content in an interim response") end
    return read_response(bytes, method, is_ended, start)
  end
  local response = { status = status, fields = fields }
  if method == "HEAD" or status == 204 or status == 304 then
    response.body, response.rest = "", bytes:sub(start)
    return response
  end
  if not framing then
    response.body, response.rest = bytes:sub(start), ""
    return is_ended and response or nil, "incomplete"
  end
  local ok, body, rest, trailers = pcall(body_at, bytes, start, framing, length)
  response.is_bad = not ok
  response.body, response.trailers = ok and body, trailers
  if not response.body then
    response.part = ok and rest or nil
    return response, "truncated"
  end
  response.rest = bytes:sub(rest)
  return response
end


function M.response(bytes, method, is_ended)
  local ok, response, state = pcall(read_response, bytes, method, is_ended, 1)
  if ok then return response, state end
  if type(response) ~= "table" then error(response, 0) end
  return nil, "refused", response.refused
end


return M
