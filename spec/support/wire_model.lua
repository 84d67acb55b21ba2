-- SPDX-License-Identifier: Apache-2.0
-- What a client's bytes mean to a gateway that keeps DESIGN.md section 12, decided by rules of the tests' own: the list of
-- requests that may go on, and why it ends there.

local strict = require "spec.support.wire_strict"


local M = {}
local p = strict.parts

local METHODS = {}
for name in ("GET HEAD POST PUT PATCH DELETE OPTIONS"):gmatch("%S+") do METHODS[name] = true end

-- Fields that concern one connection, or are the gateway's to say; they do not go on as they came.
local OURS = {}
for name in ([[connection keep-alive proxy-authenticate proxy-authorization proxy-connection te upgrade
  transfer-encoding content-length host forwarded x-forwarded-for x-forwarded-host x-forwarded-port
  x-forwarded-prefix x-forwarded-proto x-real-ip x-origin-host x-request-id]]):gmatch("%S+") do
  OURS[name] = true
end

-- Options of Connection that would strip what everybody must see.
local PROTECTED = {}
for name in ([[accept authorization cache-control content-length content-type cookie date expect forwarded host
  transfer-encoding via x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto
  x-origin-host x-real-ip x-request-id content-encoding content-range range set-cookie origin]]):gmatch("%S+") do
  PROTECTED[name] = true
end


-- ---- targets -----------------------------------------------------------------------------------------------------

local function check_escapes(text)
  local rest = text:gsub("%%%x%x", "")
  if rest:find("%", 1, true) then p.refuse("a bad escape") end
end


local function is_ipv6(text)
  local groups, gaps = 0, 0
  if text:find("[^%x:.]") or text:find(":::", 1, true) then return false end
  text = text:gsub("::", function() gaps = gaps + 1 return ":-:" end)
  local v4 = text:match(":(%d+%.%d+%.%d+%.%d+)$")
  if v4 then
    for octet in v4:gmatch("%d+") do
      if #octet > 3 or tonumber(octet) > 255 or octet:find("^0.") then return false end
    end
    text, groups = text:sub(1, -#v4 - 2), 2
  end
  for group in (text:gsub("^:%-", "-"):gsub("%-:$", "-") .. ":"):gmatch("(.-):") do
    if group ~= "-" then
      if not group:find("^%x%x?%x?%x?$") then return false end
      groups = groups + 1
    end
  end
  return (gaps == 0 and groups == 8) or (gaps == 1 and groups < 8)
end


function M.check_authority(text)
  local host, port = text:match("^(%[[^%]]*%])(.*)$")
  if host then
    if not is_ipv6(host:sub(2, -2)) then p.refuse("not an IPv6 address: %s", host) end
  else
    host, port = text:match("^([^:]*)(.*)$")
    check_escapes(host)
    if host == "" or host:find("[^%w%-._~!$&'()*+,;=%%]") then p.refuse("a bad host: %q", host) end
  end
  local digits = port:match("^:(%d*)$")
  if #host > 255 or (port ~= "" and not digits) or tonumber(digits ~= "" and digits or 0) > 65535 then
    p.refuse("a bad port: %q", port)
  end
end


-- RFC 3986 section 6.2.2: unreserved characters bare, escapes in capitals, no dot segments. Refuses what leads above the
-- root, and dot segments that only others would see.
function M.normal_path(path)
  check_escapes(path)
  if path:find("[^%w%-._~!$&'()*+,;=:@/%%]") then p.refuse("a bad character in the path") end
  path = path:gsub("%%(%x%x)", function(hex)
    local c = string.char(tonumber(hex, 16))
    return c:find("[%w%-._~]") and c or "%" .. hex:upper()
  end)
  local out = {}
  local segments = {}
  for segment in (path:sub(2) .. "/"):gmatch("([^/]*)/") do segments[#segments + 1] = segment end
  for i, segment in ipairs(segments) do
    local is_last = i == #segments
    if segment == "." then
      if is_last then out[#out + 1] = "" end
    elseif segment == ".." then
      if #out == 0 then p.refuse("above the root") end
      out[#out] = nil
      if is_last then out[#out + 1] = "" end
    else
      out[#out + 1] = segment
    end
  end
  for _, segment in ipairs(out) do
    for piece in (segment:gsub("%%2F", "/"):gsub("%%5C", "/") .. "/"):gmatch("([^/]*)/") do
      local bare = piece:match("^[^;]*")
      if bare == "." or bare == ".." then p.refuse("a hidden dot segment") end
    end
  end
  return "/" .. table.concat(out, "/")
end


local function normal_target(target)
  local path, query = target:match("^([^?]*)(.*)$")
  if path == "" then path = "/" end
  check_escapes(query)
  if query:find("[^%w%-._~!$&'()*+,;=:@/?%%%[%]]") then p.refuse("a bad character in the query") end
  return M.normal_path(path) .. query
end


local function without_default_port(authority)
  return (authority:lower():gsub(":80$", ""):gsub(":$", ""))
end


-- What the upstream is asked for, and the host that the client meant.
local function resolve(request, hosts)
  if #hosts > 1 then p.refuse("several Hosts") end
  if #hosts == 0 and request.minor == 1 then p.refuse("no Host") end
  if hosts[1] then M.check_authority(hosts[1]) end
  request.host = hosts[1]
  if request.raw:sub(1, 1) == "/" then return normal_target(request.raw) end
  local authority, rest = request.raw:match("^[Hh][Tt][Tt][Pp]://([^/?#]*)(.*)$")
  if not authority then p.refuse("no form of a target: %q", request.raw) end
  M.check_authority(authority)
  if hosts[1] and without_default_port(hosts[1]) ~= without_default_port(authority) then
    p.refuse("Host contradicts the target")
  end
  request.host = authority
  return normal_target(rest)
end


-- ---- requests ----------------------------------------------------------------------------------------------------

local function judge_options(request)
  local dropped = {}
  for _, option in ipairs(p.options_of(request.fields, "connection")) do
    if option == "close" then request.closes = true end
    if option == "keep-alive" then request.stays = true end
    if option == "upgrade" and request.minor == 1 then request.may_upgrade = true end
    if PROTECTED[option] then p.refuse("Connection: %s", option) end
    dropped[option] = true
  end
  dropped.trailer = nil -- RFC 9110 section 6.6.2: end to end by now
  if request.minor == 0 and not request.stays then request.closes = true end
  return dropped
end


local function judge_expect(request)
  if request.minor == 0 then return end
  for _, value in ipairs(strict.all(request.fields, "expect")) do
    if value:lower() ~= "100-continue" then p.refuse("an expectation") end
  end
end


-- One request at `at`: the request and where the next one begins; nil when it is not whole.
local function request_at(bytes, at)
  local first, after = p.line_at(bytes, at)
  if not first then return nil end
  local method, raw, minor = first:match("^(" .. p.TCHAR .. "+) ([^ ]+) HTTP/1%.([01])$")
  if not method then p.refuse("not a request line: %q", first) end
  if not METHODS[method] then p.refuse("an unknown method") end
  local fields, body_start = p.fields_at(bytes, after)
  if not fields then return nil end
  local request = { method = method, raw = raw, minor = tonumber(minor), fields = fields, kept = {} }
  for _, f in ipairs(fields) do
    if p.is_lookalike(f.lower) then p.refuse("a lookalike") end
  end
  local framing, length = p.framing_of(fields, request.minor)
  request.target = resolve(request, strict.all(fields, "host"))
  local dropped = judge_options(request)
  judge_expect(request)
  request.framing = framing
  for _, f in ipairs(fields) do
    if not OURS[f.lower] and not dropped[f.lower] then
      request.kept[#request.kept + 1] = f.name .. ": " .. f.value
    end
  end
  local rest
  request.body, rest, request.trailers = p.body_at(bytes, body_start, framing, length)
  if not request.body then return nil end
  return request, rest
end


function M.judge(bytes)
  local list, at = {}, 1
  while true do
    for _ = 1, 4 do -- RFC 9112 section 2.2: empty lines before a request are forgiven
      if bytes:sub(at, at + 1) == "\r\n" then at = at + 2 end
    end
    if at > #bytes then return list end
    local ok, request, rest = pcall(request_at, bytes, at)
    if not ok then
      if type(request) ~= "table" then error(request, 0) end
      return list, "refused", request.refused
    end
    if not request then return list, "incomplete" end
    list[#list + 1], at = request, rest
    if request.closes then return list end
  end
end


return M
