-- SPDX-License-Identifier: Apache-2.0
-- A storm: instances that are processes and can be killed, a load that keeps a record of every request, and what can be
-- read off the two. Knows nothing of lunette: tests/resilience sends the same storms at other proxies.
--
--   storm.instance(dir, name)    a running instance (storm_instance.lua); :kill(), :start(), :stop(), :continue(), :be(mode, ms)
--   storm.load(address, options) clients that ask one request after another; :wait(n), :finish(), .records
--
-- A record: { id, method, start, finish, status, instance, came, problem }. `came`: bytes of a response had come when it
-- went wrong; status is nil then, and problem says how.

local client = require "spec.support.client"
local http = require "spec.support.http"
local loop = require "spec.support.loop"
local process = require "spec.support.process"
local socket = require "spec.support.socket"


local PROGRAM = debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "storm_instance.lua"

local M = {}


-- ---- instances ------------------------------------------------------------------------------------------------------

local Instance = {}
Instance.__index = Instance
M.Instance = Instance


-- `dir`: where its journal and its control socket are.
function M.instance(dir, name)
  local self = setmetatable({
    name = name, journal = dir .. "/" .. name .. ".journal", control = dir .. "/" .. name .. ".control",
    bound = socket.bind("127.0.0.1:0"), -- so that the port stays ours while the process is dead
  }, Instance)
  self.address = self.bound.address
  self.url = "http://" .. self.address
  self.port = tonumber(self.address:match("%d+$"))
  self:start()
  return self
end


function Instance:start()
  local args = { "luajit", PROGRAM, self.address, self.control, self.journal, self.name }
  self.process = process.start("/usr/bin/env", args)
  loop.wait_until(function() return self.process.out.text == "ready\n" or not self.process:is_running() end,
    "instance " .. self.name, 20)
  assert(self.process:is_running(), self.process.err.text)
end


function Instance:kill()
  self.process:signal(process.KILL)
  self.process:wait()
  self.process:destroy()
end


function Instance:stop()
  self.process:signal(process.STOP)
end


function Instance:continue()
  self.process:signal(process.CONT)
end


-- From now on it answers as `mode` says (storm_instance.lua has them), after so many milliseconds.
function Instance:be(mode, milliseconds)
  local c = socket.connect("unix:" .. self.control)
  c:send(("%s %d\n"):format(mode, milliseconds or 5))
  assert(c:read_until("\n") == "ok\n", "no answer of " .. self.name)
  c:close()
end


-- The requests that have reached it: { { at, method, id }, ... }; `id` as in the load's record.
function Instance:arrivals()
  local list = {}
  local file = io.open(self.journal)
  if not file then return list end
  for line in file:lines() do
    local at, method, id = line:match("^(%S+) (%S+) /(%d*)$")
    list[#list + 1] = { at = tonumber(at), method = method, id = tonumber(id) }
  end
  file:close()
  return list
end


-- How many of them came between the two times.
function Instance:count(from, to)
  local n = 0
  for _, a in ipairs(self:arrivals()) do
    if a.at >= from and a.at < (to or math.huge) then n = n + 1 end
  end
  return n
end


function Instance:close()
  self:continue()
  if not self.process.is_settled then self:kill() end
  self.bound:close()
end


-- ---- the load -------------------------------------------------------------------------------------------------------

local Load = {}
Load.__index = Load
M.Load = Load


local function next_record(self)
  local id = #self.records + 1
  local record = { id = id, method = id % self.posts == 0 and "POST" or "GET", start = loop.now() }
  self.records[id], self.open[record] = record, true
  return record
end


local function exchange(self, c, record)
  c:send(http.request(record.method, "/" .. record.id, { body = record.method == "POST" and "x=1" or nil }))
  local response = c:read(record.method, self.patience)
  if not response then error("closed without an answer", 0) end
  if not response.complete then error(response.problem, 0) end
  record.status, record.instance = response.status, response.headers["X-Instance"]
  record.reason = response.headers["X-Lunette-Reason"]
  return (response.headers["Connection"] or ""):lower() ~= "close"
end


-- One request; the connection, if it can be used again.
local function ask(self, c)
  local record, before = next_record(self), 0
  local ok, keep = pcall(function()
    c = c or client.connect(self.address)
    before = c.socket.received
    return exchange(self, c, record)
  end)
  record.finish = loop.now()
  if not ok then
    record.problem = tostring(keep)
    record.came = c ~= nil and c.socket.received > before
  end
  self.done, self.open[record] = self.done + 1, nil
  if ok and keep then return c end
  if c then c:close() end
end


local function run_client(self)
  local c
  while self.going do
    c = ask(self, c)
    loop.pause(self.pause)
  end
  if c then c:close() end
end


-- options: clients (8), pause (10 ms between two requests of one), posts (every so many-th request is a POST; none),
-- patience (s, 10).
function M.load(address, options)
  options = options or {}
  local self = setmetatable({
    address = address, records = {}, open = {}, done = 0, going = true, tasks = {}, clients = options.clients or 8,
    pause = options.pause or 0.01, posts = options.posts or math.huge, patience = options.patience or 10,
  }, Load)
  for i = 1, self.clients do self.tasks[i] = loop.go("client " .. i, run_client, self) end
  return self
end


-- Waits until n more requests have ended.
function Load:wait(n)
  local goal = self.done + n
  loop.wait_until(function() return self.done >= goal end, n .. " more requests", 60)
end


-- Waits until what is in flight now has ended.
function Load:settle()
  local now = {}
  for record in pairs(self.open) do now[#now + 1] = record end
  loop.wait_until(function()
    for _, record in ipairs(now) do
      if not record.finish then return false end
    end
    return true
  end, "what is in flight", 60)
end


function Load:finish()
  self.going = false
  for _, task in ipairs(self.tasks) do task:join(60) end
  return self
end


-- The record of the request that has ended last.
function Load:last()
  local last
  for _, record in ipairs(self.records) do
    if record.finish and (not last or record.finish > last.finish) then last = record end
  end
  return last
end


-- The records for which f is true.
function Load:which(f)
  local list = {}
  for _, record in ipairs(self.records) do
    if record.finish and f(record) then list[#list + 1] = record end
  end
  return list
end


function M.is_idempotent(record)
  return record.method ~= "POST"
end


-- Did its client get no answer, or one that no instance has given?
function M.is_lost(record)
  return record.status == nil or (record.status >= 500 and record.instance == nil)
end


-- One line for each record, for messages.
function M.describe(records)
  local lines = {}
  for i, r in ipairs(records) do
    lines[i] = ("%d %s at %.3f for %.3f s: %s"):format(r.id, r.method, r.start, r.finish - r.start,
      r.problem or r.status .. " " .. tostring(r.reason))
  end
  return table.concat(lines, "\n")
end


return M
