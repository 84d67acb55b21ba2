-- SPDX-License-Identifier: Apache-2.0
-- auth_settings.lua - the settings that all plugins have which find out who is calling. Only data: the reference is made from it.

local schema = require "lunette.schema"
local text = require "lunette.schema_text"

local t = schema.t

local M = {}


-- The settings of a plugin and those that it shares with its sisters; `defaults` of these, where they are others than theirs.
function M.settings(own, defaults)
  local all = {
    otherwise = t.oneof { "refuse", "next", default = "refuse",
      help = "What becomes of a request without such credentials: it is answered with 401, or left to the plugins "
        .. "below, which may know others; in the end it passes, unless one of them refuses. Wrong credentials are "
        .. "always refused." },
    anonymous = t.string { min = 1, max = 128,
      help = "A consumer whose groups and limits requests without credentials get. They pass, and are counted as they "
        .. "were before." },
    realm = t.string { default = "lunette", min = 1, max = 128,
      help = "What clients are told that the credentials are for." },
    hide = t.boolean { default = true, help = "Keep the credentials from the service." },
    tell = t.boolean { default = true,
      help = "Tell the service who is calling, in the three headers below. No client can send them, on any route." },
    consumer_header = t.header_name { default = "X-Consumer-Name",
      help = "The name of the consumer, for the service." },
    groups_header = t.header_name { default = "X-Consumer-Groups",
      help = "Its groups, with commas between them." },
    anonymous_header = t.header_name { default = "X-Anonymous-Consumer",
      help = "Says `true` where nobody has proved anything and `anonymous` lends the consumer." },
  }
  for name, setting in pairs(own) do
    if all[name] then error(("auth.settings: %s is a setting that all have"):format(text.quote(name)), 2) end
    all[name] = setting
  end
  for name, value in pairs(defaults or {}) do all[name].default = value end
  return all
end


return M
