-- SPDX-License-Identifier: Apache-2.0
-- schema_cidr.lua - "10.0.0.0/8" or "2001:db8::/32" becomes an object with :contains(ip).
--
-- An address is a list of 16-bit groups: two for IPv4, eight for IPv6. An IPv6 address that maps an
-- IPv4 one (::ffff:10.0.0.1) is taken as the IPv4 address, because it is the same client.

local bit = require "bit"

local M = {}

local Block = {}
local METATABLE = { __index = Block, __metatable = "cidr", __tostring = function(block) return block.text end }


local function parse_v4(s)
  local a, b, c, d = s:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if not a then return nil end
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  if a > 255 or b > 255 or c > 255 or d > 255 then return nil end
  return { a * 256 + b, c * 256 + d }
end


-- "1:2:3" -> { 1, 2, 3 } or nil; where the address ends, the last part may be an IPv4 address.
local function parse_groups(s, ends)
  local groups, ended = {}, false
  if s == "" then return groups end
  for part in (s .. ":"):gmatch("([^:]*):") do
    if ended then return nil end
    local v4 = ends and part:find(".", 1, true) and parse_v4(part)
    if v4 then
      groups[#groups + 1], groups[#groups + 2], ended = v4[1], v4[2], true
    elseif part:find("^%x%x?%x?%x?$") then
      groups[#groups + 1] = tonumber(part, 16)
    else
      return nil
    end
  end
  return groups
end


local function parse_v6(s)
  local head, tail = s:match("^(.-)::(.*)$")
  if not head then
    local groups = parse_groups(s, true)
    return groups and #groups == 8 and groups or nil
  end
  if tail:find("::", 1, true) then return nil end
  head, tail = parse_groups(head, false), parse_groups(tail, true)
  if not head or not tail or #head + #tail > 7 then return nil end
  local groups = {}
  for i = 1, 8 do groups[i] = head[i] or tail[i - 8 + #tail] or 0 end
  return groups
end


local function is_mapped(g)
  return #g == 8 and g[1] + g[2] + g[3] + g[4] + g[5] == 0 and g[6] == 0xffff
end


local function parse(s)
  if not s:find(":", 1, true) then return parse_v4(s) end
  local groups = parse_v6(s)
  if groups and is_mapped(groups) then return { groups[7], groups[8] }, 96 end
  return groups, 0
end


-- The bits of group i that a prefix of `bits` covers.
local function mask(bits, i)
  local covered = math.min(math.max(bits - (i - 1) * 16, 0), 16)
  return bit.band(bit.lshift(0xffff, 16 - covered), 0xffff)
end


-- The block that `written` names, or nil. Bits behind the prefix must be zero: "10.1.2.3/8" is a
-- typing error.
function M.block(written)
  if type(written) ~= "string" then return nil end
  local ip, bits = written:match("^([^/]+)/(%d%d?%d?)$")
  local groups, mapped = parse(ip or written)
  if not groups then return nil end
  bits = bits and tonumber(bits) - (mapped or 0) or #groups * 16
  if bits < 0 or bits > #groups * 16 then return nil end
  for i = 1, #groups do
    if bit.band(groups[i], mask(bits, i)) ~= groups[i] then return nil end
  end
  return setmetatable({ groups = groups, bits = bits, text = written }, METATABLE)
end


function Block:contains(ip)
  local groups = parse(ip)
  if not groups or #groups ~= #self.groups then return false end
  for i = 1, #groups do
    if bit.band(groups[i], mask(self.bits, i)) ~= self.groups[i] then return false end
  end
  return true
end


return M
