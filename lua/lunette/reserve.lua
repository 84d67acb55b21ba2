-- SPDX-License-Identifier: Apache-2.0
-- reserve.lua - header fields of requests that plugins keep for themselves.

local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local text = require "lunette.schema_text"

local M = {}


-- Nobody but plugins can set that header of a request from now on, on any route.
function M.header(name)
  if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") or #name > 128 then
    fault.raise("reserve_header: expected the name of a header, got " .. text.show(name))
  end
  phase.check("reserve_header")
  host.reserve(name)
end


return M
