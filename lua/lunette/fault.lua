-- SPDX-License-Identifier: Apache-2.0
-- fault.lua - what a refusal of C means, as an error at the line of the plugin that caused it.

local F = require "lunette.ffi"

local C = F.C

local M = {}


-- `what` says what was tried; `level` as in error(), counted from the caller.
function M.raise(rc, what, level)
  local why
  if rc == C.LN_EGONE then
    why = "the request has ended"
  elseif rc == C.LN_ESTATE then
    why = "too late or too early for that"
  elseif rc == C.LN_ELIMIT then
    why = "the gateway writes that itself"
  else
    why = "not allowed: " .. what
    what = nil
  end
  error(what and what .. ": " .. why or why, (level or 1) + 1)
end


return M
