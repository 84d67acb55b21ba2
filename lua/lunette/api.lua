-- SPDX-License-Identifier: Apache-2.0
-- api.lua - the functions and libraries that every plugin and inline handler may call, by name.

local F = require "lunette.ffi"
local auth = require "lunette.auth"
local consumers = require "lunette.consumers"
local fault = require "lunette.fault"
local crypto = require "lunette.crypto"
local escape = require "lunette.escape"
local events = require "lunette.events"
local host = require "lunette.host"
local http = require "lunette.http"
local json = require "lunette.json"
local limits = require "lunette.limits"
local log = require "lunette.log"
local metrics = require "lunette.metrics"
local parallel = require "lunette.parallel"
local redis = require "lunette.redis"
local reserve = require "lunette.reserve"
local store = require "lunette.store"
local task = require "lunette.task"
local text = require "lunette.schema_text"
local timer = require "lunette.timer"

local C = F.C

local M = {}

crypto.key_set = require "lunette.key_set" -- which needs crypto itself


-- A library as a plugin sees it: read-only, and an unknown name is an error.
local function library(name, functions)
  return setmetatable({}, {
    __index = function(_, key)
      local value = functions[key]
      if value ~= nil then return value end
      fault.raise(("%s has no %s%s"):format(name, text.quote(tostring(key)),
        text.hint(tostring(key), text.sorted_keys(functions))))
    end,
    __newindex = function() fault.raise(name .. " cannot be assigned to") end,
    __metatable = name,
  })
end


-- Seconds since 1970, with a fraction.
local function time()
  return C.ln_time_wall()
end


local function hostname()
  return host.hostname
end


-- For a quick look while writing a plugin.
local function print_line(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  log.info(table.concat(parts, "\t"))
end


local says = { debug = log.debug, info = log.info, warn = log.warn, error = log.error }


-- The words for one plugin, or for the inline handlers of a route file.
function M.words(owner)
  return {
    auth = library("auth", auth),
    consumers = library("consumers", consumers),
    crypto = library("crypto", crypto),
    escape = library("escape", escape),
    events = library("events", { on = events.on }),
    hostname = hostname,
    http = library("http", http.library),
    json = library("json", json),
    limits = library("limits", limits),
    log = library("log", says),
    metrics = library("metrics", metrics),
    parallel = parallel,
    print = print_line,
    redis = redis.open,
    reserve_header = reserve.header,
    sleep = task.sleep,
    store = store.for_plugin(owner),
    time = time,
    timer = library("timer", timer.for_plugin(owner)),
  }
end


return M
