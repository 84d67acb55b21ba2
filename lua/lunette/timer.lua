-- SPDX-License-Identifier: Apache-2.0
-- timer.lua - timer.every(seconds, f) and timer.after(seconds, f): functions that run later, of no request.
--
-- A timer belongs to the generation that made it: it counts from the moment when that is put to use, and ends when the next
-- one is. C keeps the time (core/script/job.c) and calls run(); an error ends that run and nothing else.

local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local runs = require "lunette.runs"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local SECONDS_MIN, SECONDS_MAX = 0.01, 366 * 86400
local OPTIONS = { on = true, jitter = true, name = true }

local M = {}

local jobs = {} -- by number: { f, kind, use }
local last = 0 -- number
local named = {} -- how many timers of one worker a plugin has

local Timer = {}
local METATABLE = { __index = Timer, __metatable = "timer" }


-- No more runs. One that is waiting is broken off.
function Timer:cancel()
  if jobs[self.number] then
    jobs[self.number] = nil
    host.cancel_job(self.number)
  end
end


function M.reset()
  for number in pairs(jobs) do host.cancel_job(number) end
  jobs, named = {}, {}
end


local function seconds_of(what, name, value, least)
  local seconds = units.seconds(value)
  if seconds and seconds >= least and seconds <= SECONDS_MAX then return seconds end
  fault.raise(('%s: %s: expected a duration from %s s to 366 days, such as 0.5, "250ms" or "5m", got %s')
    :format(what, name, text.number(least), text.show(value)))
end


local function check_options(what, options)
  if type(options) ~= "table" then fault.raise(what .. ": expected a table of options, got " .. text.show(options)) end
  for name in pairs(options) do
    if not OPTIONS[name] then
      fault.raise(("%s: unknown option %s%s"):format(what, text.quote(tostring(name)),
        text.hint(tostring(name), text.sorted_keys(OPTIONS))))
    end
  end
  if options.on ~= nil and options.on ~= "one" and options.on ~= "all" then
    fault.raise(('%s: on: expected "one" or "all", got %s'):format(what, text.show(options.on)))
  end
  if options.name ~= nil and (type(options.name) ~= "string" or options.name == "") then
    fault.raise(("%s: name: expected a text, got %s"):format(what, text.show(options.name)))
  end
end


-- What workers and generations call the same timer: its name, or its place among those of the plugin.
local function lease_of(owner, options)
  if options.on ~= "one" then return nil end
  if options.name then return ("%s/%s"):format(owner, options.name) end
  named[owner] = (named[owner] or 0) + 1
  return ("%s #%d"):format(owner, named[owner])
end


local function start(owner, what, repeats, seconds, f, options)
  phase.check(what)
  seconds = seconds_of(what, "seconds", seconds, repeats and SECONDS_MIN or 0)
  if type(f) ~= "function" then fault.raise(("%s: expected a function, got %s"):format(what, text.show(f))) end
  options = options or {}
  check_options(what, options)
  local jitter = options.jitter and seconds_of(what, "jitter", options.jitter, 0) or 0
  last = last + 1
  local ok, why = host.job(last, seconds, jitter, repeats, lease_of(owner, options))
  if not ok then fault.raise(("%s: %s"):format(what, why)) end
  jobs[last] = { f = f, repeats = repeats, use = runs.use(), place = runs.place(f) }
  return setmetatable({ number = last }, METATABLE)
end


-- The library of one plugin.
function M.for_plugin(owner)
  return {
    every = function(seconds, f, options) return start(owner, "timer.every", true, seconds, f, options) end,
    after = function(seconds, f, options) return start(owner, "timer.after", false, seconds, f, options) end,
  }
end


-- Called by C when it is time, in a coroutine.
function M.run(number)
  local job = jobs[number]
  if not job then return end
  runs.begin(job.use)
  job.f()
  runs.finish()
  if not job.repeats then jobs[number] = nil end
end


-- Called by C when a run has raised.
function M.failed(number, message, trace)
  local job = jobs[number] or {}
  if not job.repeats then jobs[number] = nil end
  runs.raised(job.use, "a timer", "timer", job.place, message, trace)
end


return M
