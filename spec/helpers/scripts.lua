-- SPDX-License-Identifier: Apache-2.0
-- Runs what plugins EVAL over the Redis of specs, as Redis would: gate.redis:on("EVAL", scripts.with()); `ahead`: how many
-- seconds its clock is before ours.

local gate = require "lunette.spec"

local M = {}


-- nil is false in Redis' Lua.
local function caller(ahead)
  return function(name, ...)
    local value = gate.redis[name:lower()](gate.redis, ...)
    if name == "TIME" then value[1] = tostring(value[1] + ahead) end
    if value == nil then return false end
    return value
  end
end


function M.with(ahead)
  local call = caller(ahead or 0)
  local function try(...)
    local ok, value = pcall(call, ...)
    return ok and value or not ok and { err = value }
  end
  return function(script, count, ...)
    local env = { redis = { call = call, pcall = try }, KEYS = {}, ARGV = {} }
    for i, word in ipairs { ... } do table.insert(i <= tonumber(count) and env.KEYS or env.ARGV, word) end
    return setfenv(assert(loadstring(script)), setmetatable(env, { __index = _G }))()
  end
end


return M
