-- SPDX-License-Identifier: Apache-2.0
-- reserved_settings.lua - the settings that every use of a plugin has: when, on_error, name, budget.

local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local M = {}

local ON_ERROR = { "fail", "skip" }


local function is_budget(value)
  local seconds = units.seconds(value)
  return seconds ~= nil and seconds >= 0.001 and seconds <= 60
end


-- Adds to `errors` what is wrong with them.
function M.check(reserved, errors)
  local function complain(name, expected)
    errors[#errors + 1] = ("%s: expected %s, got %s"):format(name, expected, text.show(reserved[name]))
  end
  local on_error, name = reserved.on_error, reserved.name
  if on_error ~= nil and on_error ~= "fail" and on_error ~= "skip" then
    complain("on_error", "one of " .. text.choices(ON_ERROR))
  end
  if name ~= nil and type(name) ~= "string" then complain("name", "a text") end
  if reserved.when ~= nil and type(reserved.when) ~= "function" then complain("when", "a function (only in Lua)") end
  if reserved.budget ~= nil and not is_budget(reserved.budget) then
    complain("budget", 'CPU time from "1ms" to "60s"')
  end
end


-- The budget in milliseconds, or nil.
function M.budget(value)
  return value and math.ceil(units.seconds(value) * 1000)
end


return M
