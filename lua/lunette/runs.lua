-- SPDX-License-Identifier: Apache-2.0
-- runs.lua - functions of plugins that run beside requests, for timers and events: on whose behalf, and what became of them.

local log = require "lunette.log"
local zones = require "lunette.zones"

local M = {}

local uses = setmetatable({}, { __mode = "k" }) -- coroutine -> the use on whose behalf it runs


-- The use on whose behalf the code runs that asks: in init, or in a function that begin() was told of.
function M.use()
  return uses[coroutine.running()] or zones.using
end


-- The running coroutine runs on behalf of a use, until finish().
function M.begin(use)
  uses[coroutine.running()] = use
end


function M.finish()
  uses[coroutine.running()] = nil
end


-- Where a function stands, for the log.
function M.place(f)
  local at = debug.getinfo(f, "S")
  return ("%s:%d"):format(at.short_src, at.linedefined)
end


local function title_of(use)
  return use and use.title or "?"
end


function M.warn(use, message)
  log.warn(("plugin %s: %s"):format(title_of(use), message), { plugin = title_of(use) })
end


-- It has raised: `where` says in what, `name` and `place` which one.
function M.raised(use, where, name, place, message, trace)
  if type(message) ~= "string" then
    message = "an error that is " .. (type(message) == "table" and "a table" or tostring(message))
  end
  log.raised(("plugin %s failed in %s: %s"):format(title_of(use), where, message), {
    plugin = title_of(use),
    [name] = place,
    use = use and ("%s:%d"):format(use.file, use.line) or nil,
    traceback = trace,
  })
end


return M
