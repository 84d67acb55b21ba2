-- SPDX-License-Identifier: Apache-2.0
-- phase.lua - which functions may be called when: one table, read by the guard, the reference and its spec.

local F = require "lunette.ffi"
local fault = require "lunette.fault"

local C, cur = F.C, F.cur

local M = {}

M.names = {
  [C.LN_PHASE_NONE] = "here",
  [C.LN_PHASE_LOAD] = "while files are loaded",
  [C.LN_PHASE_INIT] = "in init",
  [C.LN_PHASE_REQUEST] = "in request",
  [C.LN_PHASE_BALANCE] = "in balance",
  [C.LN_PHASE_RESPONSE] = "in response",
  [C.LN_PHASE_BODY] = "in body",
  [C.LN_PHASE_LOG] = "in log",
  [C.LN_PHASE_CLOSE] = "in close",
  [C.LN_PHASE_TIMER] = "in a timer",
  [C.LN_PHASE_EVENT] = "in an event",
  [C.LN_PHASE_WHEN] = "in the condition of a route",
}

local RUNNING = {
  [C.LN_PHASE_REQUEST] = true,
  [C.LN_PHASE_RESPONSE] = true,
  [C.LN_PHASE_BODY] = true,
  [C.LN_PHASE_LOG] = true,
  [C.LN_PHASE_TIMER] = true,
  [C.LN_PHASE_EVENT] = true,
}

local BEGINNING = { [C.LN_PHASE_INIT] = true, [C.LN_PHASE_TIMER] = true, [C.LN_PHASE_EVENT] = true }
local CAN_WAIT = "only request, response, body, log, timers and events can wait"

-- name = { phases in which it is allowed, what to do instead }
M.allowed = {
  ["sleep"] = { RUNNING, CAN_WAIT },
  ["http"] = { RUNNING, CAN_WAIT .. "; timer.after(0, f) comes soon after init" },
  ["redis"] = {
    { [C.LN_PHASE_LOAD] = true, [C.LN_PHASE_INIT] = true },
    "open it in init, or at the top of the file, and keep the handle",
  },
  ["redis calls"] = { RUNNING, CAN_WAIT },
  ["parallel"] = { RUNNING, CAN_WAIT },
  ["timer.every"] = { BEGINNING, "start it in init; timers and events may start others" },
  ["timer.after"] = { BEGINNING, "start it in init; timers and events may start others" },
  ["consumers.verify"] = { RUNNING, CAN_WAIT },
  ["reserve_header"] = {
    { [C.LN_PHASE_LOAD] = true, [C.LN_PHASE_INIT] = true }, "names are reserved in init, before the first request",
  },
  ["events.on"] = { { [C.LN_PHASE_INIT] = true }, "ask for events in init" },
  ["req:read_body"] = { { [C.LN_PHASE_REQUEST] = true }, "read it in request; req.body has it afterwards" },
  ["req:limit_body"] = { { [C.LN_PHASE_REQUEST] = true }, "request is where it can still be refused" },
  ["res:may_transform"] = { { [C.LN_PHASE_RESPONSE] = true }, "response is where a plugin decides that" },
  ["res:transforms"] = { { [C.LN_PHASE_RESPONSE] = true }, "response is where a plugin decides that" },
  ["res:skip_body"] = { { [C.LN_PHASE_RESPONSE] = true }, "response is where a plugin decides that" },
  ["store.limiter"] = { { [C.LN_PHASE_INIT] = true }, "open it in init and keep it in self" },
  ["store.bandwidth"] = { { [C.LN_PHASE_INIT] = true }, "open it in init and keep it in self" },
  ["store.permits"] = { { [C.LN_PHASE_INIT] = true }, "open them in init and keep them in self" },
  ["store.counters"] = { { [C.LN_PHASE_INIT] = true }, "open them in init and keep them in self" },
  ["store.dict"] = { { [C.LN_PHASE_INIT] = true }, "open it in init and keep it in self" },
  ["metrics.counter"] = { { [C.LN_PHASE_INIT] = true }, "open it in init and keep it in self" },
  ["metrics.gauge"] = { { [C.LN_PHASE_INIT] = true }, "open it in init and keep it in self" },
  ["metrics.histogram"] = { { [C.LN_PHASE_INIT] = true }, "open it in init and keep it in self" },
}


function M.check(name)
  local row = M.allowed[name]
  if not row[1][cur.phase] then
    fault.raise(("%s cannot be called %s: %s"):format(name, M.names[cur.phase], row[2]))
  end
end


return M
