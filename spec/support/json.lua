-- SPDX-License-Identifier: Apache-2.0
-- JSON of the harness, independent of the gateway's own, which is under test.
-- A table with [1] or json.array{} is an array.

local M = {}

M.null = setmetatable({}, { __tostring = function() return "null" end })
local Array = {}


function M.array(t)
  return setmetatable(t, Array)
end


local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }


local function encode_string(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end


local function encode_object(t)
  local keys, out = {}, {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do out[i] = encode_string(key) .. ": " .. M.encode(t[key]) end
  return "{" .. table.concat(out, ", ") .. "}"
end


function M.encode(value)
  if value == M.null then return "null" end
  if type(value) == "string" then return encode_string(value) end
  if type(value) == "number" then return ("%.14g"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  if value[1] == nil and getmetatable(value) ~= Array then return encode_object(value) end
  local out = {}
  for i, item in ipairs(value) do out[i] = M.encode(item) end
  return "[" .. table.concat(out, ", ") .. "]"
end


local decode_value

local unescapes = { n = "\n", r = "\r", t = "\t", b = "\b", f = "\f" }


local function code_point(hex)
  local n = tonumber(hex, 16)
  if n < 0x80 then return string.char(n) end
  if n < 0x800 then return string.char(0xc0 + math.floor(n / 64), 0x80 + n % 64) end
  return string.char(0xe0 + math.floor(n / 4096), 0x80 + math.floor(n / 64) % 64, 0x80 + n % 64)
end


local function decode_string(s, at)
  local out, from = {}, at + 1
  while true do
    local stop = assert(s:find('["\\]', from), "an unfinished JSON string")
    out[#out + 1] = s:sub(from, stop - 1)
    if s:sub(stop, stop) == '"' then return table.concat(out), stop + 1 end
    local c = s:sub(stop + 1, stop + 1)
    if c == "u" then
      out[#out + 1], from = code_point(s:sub(stop + 2, stop + 5)), stop + 6
    else
      out[#out + 1], from = unescapes[c] or c, stop + 2
    end
  end
end


local function skip(s, at)
  return s:find("[^ \t\r\n]", at) or #s + 1
end


local function decode_items(s, at, close, read_item)
  at = skip(s, at + 1)
  while s:sub(at, at) ~= close do
    at = skip(s, read_item(at))
    local c = s:sub(at, at)
    assert(c == "," or c == close, "malformed JSON at " .. at .. ": " .. s)
    if c == "," then at = skip(s, at + 1) end
  end
  return at + 1
end


local function decode_array(s, at)
  local out = M.array {}
  return out, decode_items(s, at, "]", function(from)
    local value, after = decode_value(s, from)
    out[#out + 1] = value
    return after
  end)
end


local function decode_object(s, at)
  local out = {}
  return out, decode_items(s, at, "}", function(from)
    local key, after = decode_string(s, from)
    after = skip(s, after)
    assert(s:sub(after, after) == ":", "no colon after a key in " .. s)
    out[key], after = decode_value(s, after + 1)
    return after
  end)
end


local words = { ["true"] = true, ["false"] = false, null = M.null }


function decode_value(s, at)
  at = skip(s, at)
  local c = s:sub(at, at)
  if c == "{" then return decode_object(s, at) end
  if c == "[" then return decode_array(s, at) end
  if c == '"' then return decode_string(s, at) end
  local word = s:match("^%a+", at)
  if word then
    assert(words[word] ~= nil, "not JSON: " .. word)
    return words[word], at + #word
  end
  local number = s:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  assert(number, "not JSON: " .. s:sub(at, at + 20))
  return tonumber(number), at + #number
end


function M.decode(s)
  local value, at = decode_value(s, 1)
  assert(skip(s, at) > #s, "bytes after a JSON value: " .. s:sub(at))
  return value
end


return M
