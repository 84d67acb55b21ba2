-- SPDX-License-Identifier: Apache-2.0
-- addresses.lua - what a setting of the type t.addresses becomes: a set of address blocks, set:contains(ip).

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local C = F.C
local type = type

local M = {}

local Addresses = {}
local METATABLE = {
  __index = Addresses,
  __newindex = function() fault.raise("addresses cannot be changed once they are made") end,
  __tostring = function() return "addresses" end,
  __metatable = "addresses",
}


-- Is the address in one of the blocks? What is no address, such as that of a unix socket, is in none.
function Addresses:contains(ip)
  if type(ip) ~= "string" then fault.raise("contains: expected an address, got " .. text.show(ip)) end
  return C.ln_blocks_ask(self[1], ip, #ip) == 0
end


-- While a configuration is loaded: true, or nil and what was expected.
function M.put(set, block)
  local rc = C.ln_blocks_put(set[1], block, #block)
  if rc == 0 then return true end
  if rc == C.LN_ELIMIT then return nil, "at most 1048576 address blocks" end
  return nil, 'an address block such as "10.0.0.0/8" or "2001:db8::/32"'
end


function M.new()
  return setmetatable({ F.new_blocks() }, METATABLE)
end


return M
