-- SPDX-License-Identifier: Apache-2.0
-- limits_settings.lua - the settings that all plugins have which limit. Only data: the reference is made from it.

local schema = require "lunette.schema"
local text = require "lunette.schema_text"

local t = schema.t

local M = {}


-- The settings of a plugin and those that it shares with its sisters.
function M.settings(own)
  local all = {
    by = t.key { default = "client" },
    dry_run = t.boolean { default = false,
      help = "Refuse nothing: count, and tell what would have been refused in a header of the response "
        .. "(`X-RateLimit-Dry-Run`, `X-Quota-Dry-Run`, `X-Concurrency-Dry-Run`), the metric and the log (info)." },
    status = t.integer { default = 429, min = 400, max = 599,
      help = "Status of the answer to a request over the limit." },
    body = t.content {
      help = "Its content instead of ours: a text, or a table that becomes JSON." },
    answer_headers = t.map { t.header_name(), t.header_value(), default = {},
      help = "More headers of that answer, or others in place of ours." },
  }
  for name, setting in pairs(own) do
    if all[name] then error(("limits.settings: %s is a setting that all have"):format(text.quote(name)), 2) end
    all[name] = setting
  end
  return all
end


-- What only all settings together tell, of a plugin that can count in Redis: for its `check`.
function M.check_redis(conf)
  if conf.redis and not conf.zone and conf.by.has_function then
    return nil, "zone: required with redis where by has a function: expected a name that all gateways say"
  end
  if not conf.state_header:find("^[%w!#$%%&'*+.^_`|~-]*$") then
    return nil, ('state_header: expected the name of a header, or "" for none, got "%s"'):format(conf.state_header)
  end
  return true
end


return M
