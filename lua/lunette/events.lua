-- SPDX-License-Identifier: Apache-2.0
-- events.lua - events.on(kind, f): functions that hear of what becomes of instances.
--
-- The worker that notices a change runs them, in the generation that is in use then. C keeps the events and calls run()
-- (core/script/event.c), one at a time for each function; an error ends that run and nothing else.

local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local runs = require "lunette.runs"
local text = require "lunette.schema_text"

local KINDS = { breaker = true, health = true }

local M = {}

local handlers = {} -- by number: { f, use, place }


function M.reset()
  handlers = {}
end


function M.on(kind, f)
  phase.check("events.on")
  if not KINDS[kind] then
    local known = text.sorted_keys(KINDS)
    fault.raise(("events.on: expected %s, got %s%s"):format(text.choices(known), text.show(kind),
      type(kind) == "string" and text.hint(kind, known) or ""))
  end
  if type(f) ~= "function" then fault.raise("events.on: expected a function, got " .. text.show(f)) end
  local number = #handlers + 1
  local ok, why = host.hear(number, kind)
  if not ok then fault.raise("events.on: " .. why) end
  handlers[number] = { f = f, use = runs.use(), place = runs.place(f) }
end


-- Called by C when something has happened, in a coroutine. `lost`: what this function did not hear of before.
function M.run(number, lost, kind, service, instance, from, to, failed, total, by, why, time)
  local handler = handlers[number]
  if not handler then return end
  runs.begin(handler.use)
  if lost > 0 then runs.warn(handler.use, ("%d events were lost: it is too far behind"):format(lost)) end
  handler.f {
    kind = kind, service = service, instance = instance, from = from, to = to,
    failed = total > 0 and failed or nil, total = total > 0 and total or nil, by = by, why = why, time = time,
  }
  runs.finish()
end


-- Called by C when a run has raised.
function M.failed(number, message, trace)
  local handler = handlers[number] or {}
  runs.raised(handler.use, "an event", "event", handler.place, message, trace)
end


return M
