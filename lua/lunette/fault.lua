-- SPDX-License-Identifier: Apache-2.0
-- fault.lua - raises errors at the line of the plugin that caused them, however deep in our own modules they are noticed.

local F = require "lunette.ffi"

local C = F.C
local getinfo = debug.getinfo

local M = {}


local function is_ours(source)
  return source:find("lua/lunette/", 1, true) or source:sub(1, 6) == "=chain" or source == "=[C]"
end


-- Raises `message` with the place of the nearest function that is not ours.
function M.raise(message)
  local level = 2
  local at = getinfo(level, "S")
  while at and is_ours(at.source) do
    level = level + 1
    at = getinfo(level, "S")
  end
  error(message, at and level or 0)
end


-- What a refusal of C means; `what` says what was tried.
function M.refuse(rc, what)
  if rc == C.LN_EGONE then M.raise(what .. ": the request has ended") end
  if rc == C.LN_ESTATE and F.cur.phase == C.LN_PHASE_WHEN then
    M.raise(what .. ": the condition of a route can only look at the request")
  end
  if rc == C.LN_ESTATE then M.raise(what .. ": too late or too early for that") end
  if rc == C.LN_ELIMIT then M.raise(what .. ": the gateway writes that itself") end
  if rc == C.LN_EFULL then M.raise(what .. ": more than is held of one request") end
  M.raise(what .. ": not allowed")
end


return M
