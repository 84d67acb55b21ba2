-- SPDX-License-Identifier: Apache-2.0
-- task.lua - waiting: sleep(), and coroutines that let a wait through to the loop.
--
-- A handler runs in a coroutine of the core's; waiting means starting something in C and yielding the token. Between the
-- two may stand coroutines of the plugin's own: their resume and wrap recognise the token and pass it outward.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local phase = require "lunette.phase"
local text = require "lunette.schema_text"

local C, cur = F.C, F.cur
local raw = {
  create = coroutine.create,
  resume = coroutine.resume,
  running = coroutine.running,
  yield = coroutine.yield,
}
local is_yieldable = coroutine.isyieldable

local TOKEN = {}

local M = { coroutine = {} }
local NESTED_MAX = 100 -- each one inside of another takes its part of the stack of C

local inner = setmetatable({}, { __mode = "k" }) -- coroutines that plugins have made; how deep they were when they last ran
local waiting = setmetatable({}, { __mode = "k" }) -- those that let a wait through, until it is over


-- Raises where nothing can wait; `what` is the name of the function that would.
function M.check_yield(what)
  if is_yieldable() then return end
  fault.raise(what .. " cannot wait inside a function of C, such as the handler of xpcall: collect first, then call")
end


-- To be called at once when C has said LN_WAIT; comes back when what was started is done.
function M.wait()
  raw.yield(TOKEN)
end


-- Waits; seconds may be a fraction. Other requests run meanwhile.
function M.sleep(seconds)
  if type(seconds) ~= "number" then fault.raise("sleep: expected seconds, got " .. text.show(seconds)) end
  phase.check("sleep")
  M.check_yield("sleep")
  local rc = C.ln_wait_sleep(cur, seconds)
  if rc == C.LN_WAIT then
    raw.yield(TOKEN)
  elseif rc == C.LN_EINVAL then
    fault.raise(("sleep: expected seconds from 0 to 86400, got %s"):format(text.number(seconds)))
  elseif rc ~= C.LN_OK then
    fault.raise("sleep: nothing can wait here")
  end
end


-- Waits until the request's content is there, at most `most` bytes of it. True, or an enum ln_rc that says why not.
function M.await_body(most)
  M.check_yield("req:read_body")
  local rc = C.ln_wait_body(cur, most)
  if rc == C.LN_WAIT then
    raw.yield(TOKEN)
    rc = C.ln_wait_body(cur, most)
  end
  return rc == C.LN_OK or rc
end


local function pass(co, ok, first, ...)
  if ok and first == TOKEN then
    waiting[co] = true
    raw.yield(TOKEN)
    waiting[co] = nil
    return pass(co, raw.resume(co))
  end
  return ok, first, ...
end


local function unwrap(ok, ...)
  if ok then return ... end
  error((...), 0)
end


function M.coroutine.create(f)
  local co = raw.create(f)
  inner[co] = 1
  return co
end


-- Only what plugins have made can be resumed: a handler's own coroutine belongs to the core, and one that waits goes on when
-- that is over.
function M.coroutine.resume(co, ...)
  if type(co) ~= "thread" then
    fault.raise(("bad argument #1 to 'resume' (coroutine expected, got %s)"):format(text.show(co)))
  end
  if not inner[co] then return false, "cannot resume a coroutine that is not one of your own" end
  if waiting[co] then return false, "cannot resume a coroutine that waits" end
  local depth = (inner[raw.running()] or 0) + 1
  if depth > NESTED_MAX then fault.raise(("more than %d coroutines inside of each other"):format(NESTED_MAX)) end
  inner[co] = depth
  return pass(co, raw.resume(co, ...))
end


function M.coroutine.wrap(f)
  local co = M.coroutine.create(f)
  return function(...) return unwrap(M.coroutine.resume(co, ...)) end
end


function M.coroutine.yield(...)
  if not inner[raw.running()] then
    fault.raise("coroutine.yield outside of a coroutine of your own; sleep() waits")
  end
  return raw.yield(...)
end


M.coroutine.status = coroutine.status
M.coroutine.running = coroutine.running


return M
