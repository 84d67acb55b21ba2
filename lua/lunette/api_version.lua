-- SPDX-License-Identifier: Apache-2.0
-- api_version.lua - which versions of the Lua API this gateway has, and what of it came when.
--
-- A plugin says which version it was written for. The version grows when names are added or go; `since` of a row in api_doc.lua
-- says when its name came. A name that goes stays for one more version.

local text = require "lunette.schema_text"

local M = {
  OLDEST = 1, -- plugins that were written for this version still run
}


-- Why a plugin with `api` cannot run here, where the versions from `oldest` to `newest` are; nil when it can.
function M.refusal(api, newest, oldest)
  if api == nil then return ("api: expected %d, got nothing"):format(newest) end
  if type(api) ~= "number" or api % 1 ~= 0 or api < 1 then
    return ("api: expected a version of the Lua API such as %d, got %s"):format(newest, text.show(api))
  end
  if api > newest then return ("needs lunette API %d, this is %d"):format(api, newest) end
  if api < oldest then
    return ("was written for lunette API %d; this is %d, and %d is the oldest that still runs")
      :format(api, newest, oldest)
  end
end


-- The names of one version of the API, as { ["req.path"] = true, ["sleep"] = true }.
function M.names(doc, version)
  local found = {}
  for _, object in ipairs(doc.objects) do
    local owner = object.kind == "globals" and "" or object.name .. "."
    for _, row in ipairs(object.rows) do
      local since = row.since or object.since or 1
      if since <= version then found[owner .. row[1]:match("^[%a_][%w_]*")] = true end
    end
  end
  return found
end


-- The globals that came after `version`, as { name = since }.
local function newer(doc, version)
  local found = {}
  for _, object in ipairs(doc.objects) do
    local since = object.since or 1
    if object.kind == "library" and since > version then found[object.name] = since end
    for _, row in ipairs(object.kind == "globals" and object.rows or {}) do
      local came = row.since or since
      if came > version then found[row[1]:match("^[%a_][%w_]*")] = came end
    end
  end
  return found
end


-- Takes the globals out of an environment (lunette.sandbox) that came after the version for which its file was written: what a
-- plugin uses by mistake would be missing elsewhere.
function M.withdraw(env, api, doc)
  local words = debug.getmetatable(env).__index
  local meta = debug.getmetatable(words)
  local missing, gone = meta.__index, newer(doc, api)
  for name in pairs(gone) do words[name] = nil end
  meta.__index = function(_, name)
    if gone[name] then
      error(("%s came with lunette API %d; this plugin says api = %d"):format(name, gone[name], api), 2)
    end
    return missing(words, name)
  end
end


return M
