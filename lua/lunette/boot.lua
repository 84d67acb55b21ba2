-- SPDX-License-Identifier: Apache-2.0
-- boot.lua - what the core calls: load(conf) at the start, failed() and rest() when a plugin raises, close() at the end.

local chain = require "lunette.chain"
local client = require "lunette.client"
local crypto = require "lunette.crypto"
local events = require "lunette.events"
local life = require "lunette.life"
local plugins = require "lunette.plugins"
local routes = require "lunette.routes"
local services = require "lunette.services"
local splits = require "lunette.splits"
local timer = require "lunette.timer"
local when = require "lunette.when"

local M = {
  failed = chain.failed,
  rest = chain.rest,
  heat = chain.heat,
  live = life.kept,
  close = plugins.close,
  job_run = timer.run,
  job_failed = timer.failed,
  event_run = events.run,
  event_failed = events.failed,
  ask = when.ask,
  ask_failed = when.failed,
}


-- Every state would begin with the same numbers: all workers, and each one again after every reload.
local function seed()
  local a, b, c, d = crypto.random(4):byte(1, 4)
  math.randomseed(((a * 256 + b) * 256 + c) * 256 + d)
end


-- `conf`: file, routes, plugins_dir, generated_routes, services, listeners, trusted, claims. Mistakes go to host.report().
function M.load(conf)
  seed()
  local names = {}
  for i, service in ipairs(conf.services) do names[i] = service.name end
  services.reset(names)
  chain.reset()
  plugins.reset(conf.plugins_dir, conf.trusted)
  splits.reset()
  timer.reset()
  events.reset()
  client.reset(conf.claims)
  return { routes = routes.load(conf), chains = chain.all(), splits = splits.all() }
end


return M
