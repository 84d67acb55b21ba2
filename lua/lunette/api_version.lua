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


return M
