-- SPDX-License-Identifier: Apache-2.0
-- schema_env.lua - what the types of settings need to know of the gateway: services, files, and what settings become.

local addresses = require "lunette.addresses"
local escape = require "lunette.escape"
local headers = require "lunette.headers"
local host = require "lunette.host"
local json_edits = require "lunette.json_edits"
local services = require "lunette.services"

local M = {}


local function find_service(value)
  local index, why = services.index_of(value)
  if index then return services.by_index(index) end
  return nil, why
end


-- For settings that stand in `file`: files that they name lie beside it.
function M.new(file)
  local beside = file:match("^(.*/)") or ""
  return {
    addresses = addresses,
    edits = headers.compile,
    escape = escape,
    json_edits = json_edits,
    service = find_service,
    read = function(path) return host.read(path:sub(1, 1) == "/" and path or beside .. path) end,
  }
end


return M
