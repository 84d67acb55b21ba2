-- SPDX-License-Identifier: Apache-2.0
-- schema_files.lua - the types of settings that may stand in files of their own: file, secret, addresses.
-- Rows as in schema_types.lua.
--
-- state.env.read(path) gives a file's bytes, or nil and a sentence; what it has read is watched like the configuration itself.
-- state.env.addresses makes sets: lunette.addresses. Without them (in documents) settings are judged as far as they can be.

local address = require "lunette.schema_cidr"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local types = {}
local M = { types = types }

local COMPLAINTS_MAX = 5 -- about one file


local function read(state, at, path)
  local bytes, why = state.env.read(path)
  if not bytes then state:add(at, why) end
  return bytes
end


-- The path of a file -> its bytes. `max` bounds them: a number, or a size such as "1m".
types.file = {
  options = { max = true },
  define = function(t)
    if t.max == nil or units.bytes(t.max) then return nil end
    return 'max: expected a size such as 4096, "64k" or "1m", got ' .. text.show(t.max)
  end,
  noun = function() return "the path of a file" end,
  parse = function(t, value, state, path)
    if type(value) ~= "string" or value == "" or value:find("%z") then return state:expected(path, t, value) end
    if not state.env.read then return value end
    local bytes = read(state, path, value)
    local max = units.bytes(t.max)
    if bytes and max and #bytes > max then
      local sentence = "%s has %d bytes; at most %s are possible"
      return state:add(path, sentence:format(text.quote(value), #bytes, text.number(max)))
    end
    return bytes
  end,
  json = function() return { type = "string" } end,
}


-- What is written instead of a secret: that it is elsewhere. Gives it, or reports what is wrong.
local function find_secret(state, at, path)
  if path == "" or path:find("%z") then
    return state:add(at, 'expected "file:" and the path of a file with a secret')
  end
  local bytes = read(state, at, path)
  local secret = bytes and bytes:gsub("\r?\n$", "")
  if secret == "" then return state:add(at, text.quote(path) .. " has no secret in it") end
  return secret
end


-- Like a string, but no message, document or listing ever shows it. "file:" and a path: it is what that file has, without a
-- line end behind it.
types.secret = {
  hidden = true,
  options = { min = true, max = true },
  noun = function(t) return "a secret" .. text.range(t.min, t.max, "character") end,
  parse = function(t, value, state, path)
    local file = type(value) == "string" and value:match("^file:(.*)$")
    if file and not state.env.read then return value end
    if type(value) == "string" and value:find("^%${[%w_]+.*}$") then
      return state:add(path, 'expected a secret, got the name of a variable; in a routes file it is env("NAME")')
    end
    local secret = value
    if file then
      secret = find_secret(state, path, file)
      if not secret then return nil end
    end
    local good = type(secret) == "string" and #secret >= (t.min or 0) and #secret <= (t.max or math.huge)
    return good and secret or state:expected(path, t, secret)
  end,
  json = function() return { type = "string" } end, -- of whatever length: it may name a file
}


local function put(set, state, block)
  if set then return state.env.addresses.put(set, block) end
  return address.block(block) ~= nil or nil, 'an address block such as "10.0.0.0/8" or "2001:db8::/32"'
end


-- One address or block in each line; "#" and ";" begin a comment.
local function put_file(set, state, at, path)
  local bytes = state.env.read and read(state, at, path)
  local number, complaints = 0, 0
  for line in ((bytes or "") .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    local block = line:match("^%s*([^%s#;]+)%s*$") or line:match("^%s*([^%s#;]+)%s*[#;]")
    local ok, expected = true, nil
    if block then
      ok, expected = put(set, state, block)
    elseif line:find("^%s*[^%s#;]") then
      ok, expected = nil, "one address block in a line"
    end
    if not ok then
      complaints = complaints + 1
      if complaints <= COMPLAINTS_MAX then
        state:add(at, ("%s:%d: expected %s, got %s"):format(path, number, expected, text.show(block or line)))
      end
    end
  end
  if complaints > COMPLAINTS_MAX then
    state:add(at, ("%s: and %d more such lines"):format(path, complaints - COMPLAINTS_MAX))
  end
end


-- { "10.0.0.0/8", "2001:db8::1", "file:office.txt" } -> a set with :contains(ip).
types.addresses = {
  options = {},
  noun = function() return 'a list of addresses, blocks and files, such as { "10.0.0.0/8", "file:office.txt" }' end,
  parse = function(t, value, state, path)
    if type(value) == "string" then value = { value } end
    if type(value) ~= "table" then return state:expected(path, t, value) end
    for key in pairs(value) do
      if type(key) ~= "number" or key < 1 or key > #value then return state:expected(path, t, value) end
    end
    local set = state.env.addresses and state.env.addresses.new() or nil
    for i, item in ipairs(value) do
      local at = text.path(path, i)
      local file = type(item) == "string" and item:match("^file:(.+)$")
      if file then
        put_file(set, state, at, file)
      else
        local ok, expected = nil, 'an address block such as "10.0.0.0/8" or "2001:db8::/32", or "file:" and a path'
        if type(item) == "string" then ok = put(set, state, item) end
        if not ok then state:add(at, ("expected %s, got %s"):format(expected, text.show(item))) end
      end
    end
    return set or value
  end,
  json = function()
    local item = { type = "string" }
    return { anyOf = { item, { type = "array", items = item } } }
  end,
}


return M
