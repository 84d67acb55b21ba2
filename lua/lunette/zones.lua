-- SPDX-License-Identifier: Apache-2.0
-- zones.lua - which names of shared memory were opened with which settings, and where: two that differ are an error.

local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local TTL_MAX = 1e9 -- seconds

local M = {
  using = nil, -- the use whose init runs, { file =, line = }: set by lunette.plugins
}

local opened = {} -- name -> the settings and the place of its first use


-- Forgets what was opened: a new load begins.
function M.reset()
  opened = {}
end


-- Those who open one name share it, which makes sense only if they agree. `what` names it in the message.
function M.check(name, what, settings)
  local first = opened[name]
  if not first then
    opened[name] = { settings = settings, use = M.using }
  elseif first.settings ~= settings then
    error(("%s: %s here, %s at %s:%d"):format(what, settings, first.settings, first.use.file, first.use.line), 0)
  end
end


-- The same for a zone of the store. A limiter and a dictionary of one name have nothing to do with each other.
function M.agree(kind, name, zone, settings)
  M.check(kind .. "/" .. name, "zone " .. text.quote(zone), settings)
end


-- The option `entries`: how many keys are told apart.
function M.entries(what, given, default, min, max)
  if given == nil then return default end
  if type(given) == "number" and given % 1 == 0 and given >= min and given <= max then return given end
  fault.raise(("%s: entries: expected an integer from %d to %d, got %s"):format(what, min, max, text.show(given)))
end


function M.check_key(what, key)
  if type(key) ~= "string" then fault.raise(("%s: expected a text as key, got %s"):format(what, text.show(key))) end
end


function M.check_ttl(what, ttl)
  if type(ttl) == "number" and ttl > 0 and ttl <= TTL_MAX then return end
  fault.raise(("%s: expected a ttl above 0 and up to 1e9 seconds, got %s"):format(what, text.show(ttl)))
end


return M
