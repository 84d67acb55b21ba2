-- SPDX-License-Identifier: Apache-2.0
-- The end-to-end harness, as specs see it. Every spec file begins with
--
--   local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
--
-- and hands gate.cleanup to after_each, or to teardown when its tests share one gateway: cleanup ends all that was
-- started, and fails when the gateway did not end well, said something unexpected, or an upstream's script failed.
-- spec/support/README.md is the tour.

local here = debug.getinfo(1, "S").source:match("^@(.-)[^/]*$")
local root = dofile(here .. "sys.lua").realpath(here .. "../..")
if not package.path:find(root .. "/?.lua", 1, true) then
  package.path = root .. "/?.lua;" .. package.path
end

local barrier = require "spec.support.barrier"
local client = require "spec.support.client"
local dir = require "spec.support.dir"
local gateway = require "spec.support.gateway"
local http = require "spec.support.http"
local json = require "spec.support.json"
local loop = require "spec.support.loop"
local nameserver = require "spec.support.nameserver"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local redis_many = require "spec.support.redis_many"
local socket = require "spec.support.socket"
local upstream = require "spec.support.upstream"


gateway.root = root

local M = {
  root = root, http = http, json = json, socket = socket, process = process, loop = loop,
  go = loop.go, gate = barrier.gate, barrier = barrier.barrier, wait_until = loop.wait_until,
  eventually = loop.eventually, pause = loop.pause, now = loop.now, slow = loop.slow,
  pattern = http.pattern, is_gone = loop.is_gone, exists = process.exists,
}

local live = {} -- what cleanup ends, newest first


local function keep(object, stop)
  table.insert(live, 1, function() return stop(object) end)
  return object
end


-- Has cleanup call stop(object), before it ends what was started earlier.
M.keep = keep


-- A scripted upstream; see upstream.lua.
function M.upstream(options)
  local up = upstream.new(options)
  return keep(up, up.stop)
end


-- `n` of them on one port, at 127.0.0.1, 127.0.0.2 and so on: what a name with several addresses stands for.
function M.neighbours(n, options)
  for _ = 1, 20 do
    local ups, ok = {}, true
    for i = 1, n do
      local port = i == 1 and "0" or ups[1].port
      local o = { address = ("127.0.0.%d:%s"):format(i, port), name = "neighbour " .. i }
      for key, value in pairs(options or {}) do o[key] = value end
      ok, ups[i] = pcall(upstream.new, o)
      if not ok then break end
    end
    if ok then
      for _, up in ipairs(ups) do keep(up, up.stop) end
      return ups
    end
    for i = 1, #ups - 1 do ups[i]:stop() end
  end
  error("no port that is free at " .. n .. " addresses", 2)
end


-- A running gateway; see gateway.lua.
function M.start(options)
  local g = gateway.start(options)
  return keep(g, g.stop)
end


-- A real redis-server; see redis.lua.
function M.redis(options)
  local server = redis.start(options)
  return keep(server, server.stop)
end


-- A Redis Cluster, and a master with a replica and sentinels; see redis_many.lua.
function M.redis_cluster(options)
  local cluster = redis_many.cluster(options)
  return keep(cluster, cluster.stop)
end


function M.redis_sentinels(options)
  local group = redis_many.sentinels(options)
  return keep(group, group.stop)
end


-- A scripted name server; see nameserver.lua.
function M.nameserver()
  local server = nameserver.start()
  return keep(server, server.stop)
end


-- One service at "/" on the given upstreams: what most specs need.
function M.proxy(ups, options)
  options = options or {}
  if ups.wait_requests then ups = { ups } end
  local service = { name = "main", path = "/", instances = ups }
  for key, value in pairs(options.service or {}) do service[key] = value end
  options.services = { service }
  return M.start(options)
end


-- A connection to any address that is closed at cleanup.
function M.connect(address, options)
  local c = client.connect(address, options)
  return keep(c, c.close)
end


function M.client(g, options)
  return M.connect(g.address, options)
end


-- An address where connecting neither works nor fails: nobody accepts and the queue is full.
function M.black_hole()
  local listener = keep(socket.listen("127.0.0.1:0", 0), socket.Socket.close)
  for _ = 1, 4 do
    loop.go("filler", function()
      local s = socket.connect(listener.address)
      keep(s, s.close)
    end):detach()
  end
  return "http://" .. listener.address
end


-- A directory with a configuration that is not run; `check` and the like work on it.
function M.files(options)
  local d = gateway.prepare(options)
  return keep(d, d.remove)
end


function M.dir()
  local d = dir.new()
  return keep(d, d.remove)
end


-- Runs the binary with these arguments to its end: { code, out, err }.
function M.run(...)
  return process.run(gateway.binary(), { ... })
end


-- What f raises, as a string; "" when it raises nothing.
function M.error_of(f, ...)
  local ok, err = pcall(f, ...)
  return ok and "" or tostring(err)
end


function M.cleanup()
  local problem
  for _, stop in ipairs(live) do
    local ok, err = pcall(stop)
    problem = problem or (not ok and err)
  end
  live = {}
  problem = problem or loop.take_failure()
  while loop.take_failure() do end
  if problem then error(problem, 0) end
end


return M
