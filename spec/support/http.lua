-- SPDX-License-Identifier: Apache-2.0
-- HTTP/1 as the harness reads and writes it: strict in what it reads, so that a gateway that writes a sloppy message
-- fails its spec, and able to write anything.

local M = {}


local Fields = {}


-- fields["name"]: the first value, whatever the case; fields:all("name"); fields:names(); iterate with ipairs.
function Fields.__index(self, key)
  if Fields[key] then return Fields[key] end
  if type(key) ~= "string" then return nil end
  key = key:lower()
  for _, field in ipairs(self) do
    if field.name:lower() == key then return field.value end
  end
end


function Fields.all(self, name)
  local values = {}
  for _, field in ipairs(self) do
    if field.name:lower() == name:lower() then values[#values + 1] = field.value end
  end
  return values
end


function Fields.names(self)
  local names = {}
  for i, field in ipairs(self) do names[i] = field.name end
  return names
end


-- { "Name: value", ... } as written, to compare with what was sent.
function Fields.lines(self)
  local lines = {}
  for i, field in ipairs(self) do lines[i] = field.name .. ": " .. field.value end
  return lines
end


local function parse_fields(block)
  local fields = setmetatable({}, Fields)
  for line in block:gmatch("(.-)\r\n") do
    local name, value = line:match("^([%w!#$%%&'*+.^_`|~-]+):[ \t]*(.-)[ \t]*$")
    assert(name, "a malformed field line: " .. line)
    assert(not value:find("[%z\1-\8\10-\31\127]"), "a control character in " .. line)
    fields[#fields + 1] = { name = name, value = value }
  end
  return fields
end


-- The head of a message, or nil when the stream ended before its first byte; raises on anything malformed.
local function read_head(socket, timeout)
  local first, rest = socket:read_until("\r\n", 65536, timeout)
  if not first then
    assert(rest == "", "the stream ended inside a start line: " .. rest)
    return nil
  end
  assert(not first:sub(1, -3):find("[\r\n]"), "a bare CR or LF in " .. first)
  local lines = {}
  while true do
    local line, part = socket:read_until("\r\n", 262144, timeout)
    assert(line, "the stream ended inside a head: " .. tostring(part))
    assert(not line:sub(1, -3):find("[\r\n]"), "a bare CR or LF in " .. line)
    if line == "\r\n" then break end
    lines[#lines + 1] = line
  end
  local block = table.concat(lines)
  return first:sub(1, -3), parse_fields(block), first .. block .. "\r\n"
end


local function framing_of(fields)
  local codings, lengths = fields:all("Transfer-Encoding"), fields:all("Content-Length")
  assert(#codings == 0 or #lengths == 0, "both Content-Length and Transfer-Encoding")
  assert(#lengths <= 1 and #codings <= 1, "framing fields twice")
  if codings[1] then
    assert(codings[1]:lower() == "chunked", "unknown transfer coding " .. codings[1])
    return "chunked"
  end
  if lengths[1] then
    assert(lengths[1]:find("^%d+$"), "not a length: " .. lengths[1])
    return "length", tonumber(lengths[1])
  end
  return "none"
end


local function read_trailers(socket, message, timeout)
  local lines = {}
  while true do
    local line = socket:read_until("\r\n", 65536, timeout)
    if not line then return false end
    if line == "\r\n" then break end
    lines[#lines + 1] = line
  end
  message.trailers = parse_fields(table.concat(lines))
  return true
end


-- The next chunk: its data, "" for the last one (trailers are read), nil when the stream ended.
function M.read_chunk(socket, message, timeout)
  local line = socket:read_until("\r\n", 65536, timeout)
  if not line then return nil end
  local size = line:match("^(%x+)[;\r]")
  assert(size, "not a chunk size: " .. line)
  size = tonumber(size, 16)
  if size == 0 then return read_trailers(socket, message, timeout) and "" or nil end
  local bytes, part = socket:read_exactly(size + 2, timeout)
  if not bytes then
    message.partial = part
    return nil
  end
  assert(bytes:sub(-2) == "\r\n", "no CRLF after a chunk")
  message.chunks[#message.chunks + 1] = size
  return bytes:sub(1, -3)
end


local function read_chunked(socket, message, timeout)
  local pieces = {}
  message.chunks = {}
  while true do
    local piece = M.read_chunk(socket, message, timeout)
    if piece == "" then break end
    if not piece then
      message.problem = "the stream ended inside a chunked body"
      break
    end
    pieces[#pieces + 1] = piece
  end
  return table.concat(pieces) .. (message.partial or "")
end


local function read_body(socket, message, timeout)
  if message.framing == "chunked" then return read_chunked(socket, message, timeout) end
  if message.framing == "close" then
    local bytes, is_reset = socket:read_all(timeout)
    if is_reset then message.problem = "the connection was reset" end
    return bytes
  end
  if message.framing == "none" then return "" end
  local bytes, part = socket:read_exactly(message.length, timeout)
  if not bytes then
    message.problem = ("%d of %d bytes came"):format(#part, message.length)
  end
  return bytes or part
end


-- Reads the body that the head announced. Sets body, complete and, when incomplete, problem. A reset raises.
function M.read_body(socket, message, timeout)
  local ok, body = pcall(read_body, socket, message, timeout)
  message.complete = ok and message.problem == nil
  if not ok then error(body, 0) end
  message.body = body
  return body
end


-- nil at the clean end of the stream.
function M.read_request_head(socket, timeout)
  local first, fields, raw = read_head(socket, timeout)
  if not first then return nil end
  local method, target, minor = first:match("^(%u+) ([^ ]+) HTTP/1%.([01])$")
  assert(method, "a malformed request line: " .. first)
  assert(#fields:all("Host") == 1, "not exactly one Host in:\n" .. raw)
  local request = {
    method = method, target = target, minor = tonumber(minor), headers = fields, raw_head = raw,
  }
  request.path, request.query = target:match("^([^?]*)%??(.*)$")
  request.framing, request.length = framing_of(fields)
  return request
end


-- nil at the clean end of the stream. `method`: of the request that it answers.
function M.read_response_head(socket, method, timeout)
  local first, fields, raw = read_head(socket, timeout)
  if not first then return nil end
  local minor, status, reason = first:match("^HTTP/1%.([01]) (%d%d%d) ?(.*)$")
  assert(status, "a malformed status line: " .. first)
  local response = {
    status = tonumber(status), reason = reason, minor = tonumber(minor), headers = fields,
    raw_head = raw,
  }
  response.framing, response.length = framing_of(fields)
  if response.framing == "none" then response.framing = "close" end
  local code = response.status
  if method == "HEAD" or code < 200 or code == 204 or code == 304 then response.framing = "none" end
  return response
end


-- A whole response; 1xx ones before it are collected in `interim`.
function M.read_response(socket, method, timeout)
  local interim = {}
  while true do
    local response = M.read_response_head(socket, method, timeout)
    if not response then return nil end
    if response.status >= 200 or response.status == 101 then
      response.interim = interim
      M.read_body(socket, response, timeout)
      return response
    end
    interim[#interim + 1] = response.status
  end
end


-- Header lines from { "Name: value", ... } and { Name = value } in one table; named ones in order of name.
function M.field_lines(headers)
  local out, names = {}, {}
  for name in pairs(headers or {}) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  for _, line in ipairs(headers or {}) do out[#out + 1] = line .. "\r\n" end
  for _, name in ipairs(names) do out[#out + 1] = name .. ": " .. headers[name] .. "\r\n" end
  return table.concat(out)
end


local function mentions(headers, wanted)
  for name, line in pairs(headers or {}) do
    local text = type(name) == "string" and name or line:match("^[^:]*")
    if text:lower() == wanted then return true end
  end
  return false
end


-- The bytes of a request. `options`: headers, body, chunks (list of strings), host, version.
function M.request(method, target, options)
  options = options or {}
  local head = { method, " ", target, " HTTP/", options.version or "1.1", "\r\n" }
  if not mentions(options.headers, "host") then
    head[#head + 1] = "Host: " .. (options.host or "gateway.test") .. "\r\n"
  end
  head[#head + 1] = M.field_lines(options.headers)
  if options.chunks then
    head[#head + 1] = "Transfer-Encoding: chunked\r\n\r\n" .. M.chunked(options.chunks)
  elseif options.body then
    head[#head + 1] = ("Content-Length: %d\r\n\r\n%s"):format(#options.body, options.body)
  else
    head[#head + 1] = "\r\n"
  end
  return table.concat(head)
end


function M.chunk(bytes)
  return ("%x\r\n%s\r\n"):format(#bytes, bytes)
end


function M.chunked(pieces)
  local out = {}
  for i, piece in ipairs(pieces) do out[i] = M.chunk(piece) end
  return table.concat(out) .. "0\r\n\r\n"
end


-- The bytes of a response with a Content-Length.
function M.response(status, body, headers)
  body = body or ""
  local length = ("Content-Length: %d\r\n"):format(#body)
  if mentions(headers, "content-length") or mentions(headers, "transfer-encoding") then length = "" end
  return ("HTTP/1.1 %d %s\r\n"):format(status, status == 200 and "OK" or "Status")
    .. M.field_lines(headers) .. length .. "\r\n" .. body
end


-- `size` bytes in which every position differs from its neighbours, so that losses and swaps are seen.
function M.pattern(size)
  local pieces, have, i = {}, 0, 0
  while have < size do
    i = i + 1
    pieces[i] = ("%08x-lunette-%04x;"):format(i, (i * 40503) % 65536)
    have = have + #pieces[i]
  end
  return table.concat(pieces):sub(1, size)
end


return M
