-- SPDX-License-Identifier: Apache-2.0
-- store_meter.lua - store.limiter with the option `redis`: a limit that all gateways with one Redis share. The handler waits
-- for the answer, for `timeout` at most; what holds without Redis is `on_down`. See docs/limits.md.

local F = require "lunette.ffi"
local crypto = require "lunette.crypto"
local fault = require "lunette.fault"
local host = require "lunette.host"
local phase = require "lunette.phase"
local take = require "lunette.store_take"
local task = require "lunette.task"
local text = require "lunette.schema_text"
local units = require "lunette.schema_units"

local C, taken = F.C, F.taken
local type = type

local TIMEOUT, TIMEOUT_MOST, LEASE_MOST, NAME_MOST = 0.05, 60, 1e6, 64
local ON_DOWN = { "local", "allow", "deny" } -- enum ln_limit_down
local BY = { [0] = "redis", "leased", "local", "allow", "deny" } -- enum ln_meter_by

local M = {}

local opened = {} -- limiters of this state, by where and how


-- ---- asking ----

-- One that was answered before: a finalizer for each would cost more than the asking.
local function new_question(self)
  local n, idle = self[2], self[3]
  if n == 0 then return F.new_meter_ask(self[1]) end
  local question = idle[n]
  self[2], idle[n] = n - 1, nil
  return question
end


-- Who has judged comes last: "redis", "leased", "local", "allow" or "deny".
local function count(self, what, how, key, n, cost, rate)
  phase.check("redis calls")
  task.check_yield(what)
  local question = new_question(self)
  if not question then return C.LN_ESTATE end
  local rc
  if rate then
    rc = C.ln_meter_ask_take_as(question, rate.count, rate.per, rate.burst or rate.count, key, n, cost, how)
  else
    rc = C.ln_meter_ask_take(question, key, n, cost, how)
  end
  if rc == C.LN_WAIT then
    task.wait()
    rc = C.LN_OK
  end
  if rc == C.LN_OK then rc = C.ln_meter_ask_answer(question, taken) end
  local last = self[2] + 1
  self[2], self[3][last] = last, question
  return rc, BY[taken.by]
end


local METATABLE = { __index = take.methods(count), __metatable = "limiter" }


-- ---- opening ----

local function to_timeout(value)
  if value == nil then return TIMEOUT end
  local seconds = units.seconds(value)
  if seconds and seconds >= 0.001 and seconds <= TIMEOUT_MOST then return seconds end
  fault.raise("store.limiter: timeout: expected a duration from 1ms to 1m, got " .. text.show(value))
end


local function to_on_down(word)
  if word == nil then return 0 end
  for i, known in ipairs(ON_DOWN) do
    if word == known then return i - 1 end
  end
  fault.raise(("store.limiter: on_down: expected %s, got %s"):format(text.choices(ON_DOWN), text.show(word)))
end


local function to_lease(value)
  if value == nil then return 0 end
  if type(value) == "number" and value % 1 == 0 and value >= 0 and value <= LEASE_MOST then return value end
  fault.raise("store.limiter: lease: expected an integer from 0 to 1000000, got " .. text.show(value))
end


-- A zone whose name is too long for that is known by its digest.
local function to_name(zone, value)
  local name = value == nil and (#zone <= NAME_MOST and zone or crypto.sha256_hex(zone)) or value
  if type(name) == "string" and #name >= 1 and #name <= NAME_MOST then return name end
  fault.raise(("store.limiter: name: expected a text of at most %d bytes, got %s"):format(NAME_MOST, text.show(name)))
end


-- What the options say of Redis; nil: nothing.
function M.read(zone, options)
  local url = options.redis
  if url == nil then
    for _, name in ipairs { "timeout", "on_down", "lease", "name" } do
      if options[name] ~= nil then
        fault.raise(("store.limiter: %s: expected none without redis, got %s"):format(name, text.show(options[name])))
      end
    end
    return nil
  end
  if type(url) ~= "string" then fault.raise("store.limiter: redis: expected a URL, got a " .. type(url)) end
  return {
    url = url, name = to_name(zone, options.name), timeout = to_timeout(options.timeout),
    on_down = to_on_down(options.on_down), lease = to_lease(options.lease),
  }
end


-- For messages: the URL may have a password in it.
function M.describe(conf)
  return ("in Redis as %s, timeout %s s, on_down %s, lease %d"):format(text.quote(conf.name), text.number(conf.timeout),
    ON_DOWN[conf.on_down + 1], conf.lease)
end


-- Uses that count together share one. nil where there is no Redis, as in specs: then it is counted in memory. nil and a
-- sentence: it cannot be opened.
function M.open(conf, settings, algorithm, rates, burst, entries, is_said)
  local known = conf.url .. "\n" .. settings
  if opened[known] then return opened[known] end
  local windows = {}
  for i, rate in ipairs(rates) do
    windows[3 * i - 2], windows[3 * i - 1], windows[3 * i] = rate.count, rate.per, rate.burst or burst or rate.count
  end
  local address, why = host.meter(conf.name, algorithm, windows, conf.url, conf.timeout, conf.on_down, conf.lease,
    entries, is_said)
  if not address then return nil, why end
  opened[known] = setmetatable({ F.meter(address), 0, {} }, METATABLE) -- and questions that are asked again
  return opened[known]
end


return M
