-- SPDX-License-Identifier: Apache-2.0
-- parallel.lua - parallel(f, g, ...): runs functions at once, and gives their first results in the same order.
--
-- Each is a coroutine of its own, of the same request and in the same phase. When one raises, the others end where they are and
-- parallel raises the same.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local task = require "lunette.task"
local text = require "lunette.schema_text"

local C = F.C
local select, type, unpack = select, type, unpack

local MOST = 64


local function finish(results, n)
  local failed = results.failed
  if failed ~= nil then error(failed, 0) end
  return unpack(results, 1, n)
end


local function parallel(...)
  phase.check("parallel")
  local n, list = select("#", ...), { ... }
  for i = 1, n do
    if type(list[i]) ~= "function" then
      fault.raise(("parallel: expected functions, got %s as number %d"):format(text.show(list[i]), i))
    end
  end
  if n > MOST then fault.raise(("parallel: %d functions; at most %d at once"):format(n, MOST)) end
  if n == 0 then return end
  task.check_yield("parallel")
  local rc = host.parallel(list)
  if rc == C.LN_ELIMIT then fault.raise("parallel: too many functions are under way in this worker") end
  if rc ~= C.LN_WAIT then fault.raise("parallel: nothing can wait here") end
  task.wait()
  return finish(list, n)
end


return parallel
