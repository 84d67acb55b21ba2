-- SPDX-License-Identifier: Apache-2.0
-- The real binary under test: a configuration in a temporary directory, the process, its log, its workers.
--
-- gateway.start options
--   yaml      text of gateway.yaml as it is; or else it is made of:
--   gateway, services, rateLimit, extra   tables; services' instances may be upstreams. port is 127.0.0.1:0, one worker
--   routes    text of routes.lua          plugins  { name = text }     files  { path = text }
--   config    path of a configuration that exists already, instead of all these
--   env, args, cwd; shell (a command of sh that runs first, such as "ulimit -n 64")
--   expect (list of patterns of error lines that are no surprise)

local client = require "spec.support.client"
local dir = require "spec.support.dir"
local json = require "spec.support.json"
local loop = require "spec.support.loop"
local process = require "spec.support.process"


local M = { root = nil } -- gate.lua says where the project is

local Gateway = {}
Gateway.__index = Gateway


function M.binary()
  return os.getenv("LUNETTE_BIN") or M.root .. "/build/lunette"
end


local function merge(base, over)
  for key, value in pairs(over or {}) do
    if type(value) == "table" and type(base[key]) == "table" and value[1] == nil then
      merge(base[key], value)
    else
      base[key] = value
    end
  end
  return base
end


local function instance_of(value)
  if type(value) == "table" and value.wait_requests then return value.url end
  if type(value) == "table" and type(value.url) == "table" then
    return merge(merge({}, value), { url = value.url.url })
  end
  return value
end


local function services_of(list)
  local services = json.array {}
  for i, service in ipairs(list or {}) do
    services[i] = merge({}, service)
    services[i].instances = json.array {}
    for k, value in ipairs(service.instances or {}) do
      services[i].instances[k] = instance_of(value)
    end
  end
  return services
end


-- gateway.yaml for the options; JSON is YAML.
function M.configuration(options)
  if options.yaml then return options.yaml end
  local conf = {
    gateway = merge({
      port = "127.0.0.1:0", workers = options.workers or 1, drainTimeout = "3s",
    }, options.gateway),
    reload = { watch = options.watch or false },
    services = services_of(options.services),
    rateLimit = options.rateLimit,
  }
  if conf.gateway.listeners then conf.gateway.port = nil end
  return json.encode(merge(conf, options.extra)) .. "\n"
end


-- Writes the files; gives the directory.
function M.prepare(options)
  local place = dir.new()
  place:write("gateway.yaml", M.configuration(options))
  if options.routes then place:write("routes.lua", options.routes) end
  for name, text in pairs(options.plugins or {}) do place:write("plugins/" .. name .. ".lua", text) end
  for name, text in pairs(options.files or {}) do place:write(name, text) end
  return place
end


local function describe(self)
  return ("%s\nlog:\n%s"):format(self.dir.path, self.process.err.text)
end


-- Where to connect for an address that is listened on: every address includes the loopback.
function M.reachable(address)
  return (address:gsub("^0%.0%.0%.0:", "127.0.0.1:"):gsub("^%[::%]:", "127.0.0.1:"))
end


local function wait_ready(self)
  local p = self.process
  loop.wait_until(function()
    return p.report.text:find("\n", 1, true) or not p:is_running()
  end, function() return "the gateway to be ready: " .. describe(self) end, 20)
  if not p:is_running() then
    loop.wait_until(function() return p.err.is_ended end, "the end of the log")
    error("the gateway ended with " .. tostring(p.status) .. ": " .. describe(self), 0)
  end
  local ready = json.decode(p.report.text:match("^[^\n]*"))
  assert(ready.ready == true, "not ready: " .. p.report.text)
  self.listeners, self.pid = {}, ready.pid
  for i, listener in ipairs(ready.listeners) do
    self.listeners[i], self.listeners[listener.name] = listener.address, listener.address
  end
  self.first_workers = ready.workers
  self.address = M.reachable(self.listeners[1])
  self.port = tonumber(self.address:match("(%d+)$"))
end


function M.start(options)
  local self = setmetatable({ expected = {}, dir = M.prepare(options) }, Gateway)
  self.config = options.config or self.dir:join("gateway.yaml")
  for _, pattern in ipairs(options.expect or {}) do self:expect(pattern) end
  self.control = self.dir:join("ctl")
  local args = { "run", "-c", self.config, "--report", "3", "--control", self.control }
  for _, arg in ipairs(options.args or {}) do args[#args + 1] = arg end
  local path = M.binary()
  if options.shell then
    path, args = "/bin/sh", { "-c", options.shell .. '; exec "$0" "$@"', path, unpack(args) }
  end
  local ok, why = pcall(function()
    self.process = process.start(path, args, { env = options.env, cwd = options.cwd })
    wait_ready(self)
  end)
  if not ok then
    if self.process then self.process:destroy() end
    self.dir:remove()
    error(why, 0)
  end
  return self
end


-- An error line of the log that is no surprise (a Lua pattern).
function Gateway:expect(pattern)
  table.insert(self.expected, pattern)
end


function Gateway:log()
  return self.process.err.text
end


-- The first line that has the pattern; nil when there is none yet.
function Gateway:logged(pattern, from)
  for line in self:log():sub(from or 1):gmatch("[^\n]+") do
    if line:find(pattern) then return line end
  end
end


function Gateway:wait_log(pattern, timeout, from)
  loop.wait_until(function() return self:logged(pattern, from) end, function()
    return ("%q in the log:\n%s"):format(pattern, self:log())
  end, timeout)
  return self:logged(pattern, from)
end


-- Where a listener is reached, by name.
function Gateway:at(listener)
  return M.reachable(assert(self.listeners[listener], "no listener " .. tostring(listener)))
end


-- One request on a connection of its own. options: those of http.request, and `listener`, `from`, `timeout`.
function Gateway:request(method, target, options)
  local address = options and options.listener and self:at(options.listener) or self.address
  return client.once(address, method, target, options)
end


function Gateway:get(target, options)
  return self:request("GET", target, options)
end


function Gateway:post(target, body, options)
  options = options or {}
  options.body = body
  return self:request("POST", target, options)
end


-- Runs a command of the binary against this gateway: { code, out, err }.
function Gateway:cli(command, ...)
  local args = { command, "-c", self.config, ... }
  if command == "reload" then
    table.insert(args, "--control")
    table.insert(args, self.control)
  end
  return process.run(M.binary(), args)
end


function Gateway:reload()
  return self:cli("reload")
end


function Gateway:signal(number)
  self.process:signal(number)
end


local function parent_of(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  if not file then return nil end
  local state, parent = (file:read("*a") or ""):match("%) (%a) (%d+)")
  file:close()
  return state ~= "Z" and tonumber(parent) or nil
end


-- Process ids of the children of the supervisor that live now.
function Gateway:workers()
  local file = assert(io.open(("/proc/%d/task/%d/children"):format(self.pid, self.pid)))
  local pids = {}
  for pid in file:read("*a"):gmatch("%d+") do
    if parent_of(pid) == self.pid then pids[#pids + 1] = tonumber(pid) end
  end
  file:close()
  return pids
end


-- Seconds that the workers, and this process, were ready to run and did not, because others had the processors: what a machine
-- that does other things adds to a time that is measured here. A worker that blocks, or waits too long, adds nothing to it.
function Gateway:crowded_out()
  local sum, pids = 0, self:workers()
  pids[#pids + 1] = "self"
  for _, pid in ipairs(pids) do
    local file = io.open(("/proc/%s/schedstat"):format(pid))
    if file then
      sum = sum + (tonumber(file:read("*a"):match("^%d+ (%d+)")) or 0) / 1e9
      file:close()
    end
  end
  return sum
end


-- Waits until `n` workers live of which none is in `not_these`.
function Gateway:wait_workers(n, not_these, timeout)
  local old = {}
  for _, pid in ipairs(not_these or {}) do old[pid] = true end
  return loop.eventually(function()
    local pids = self:workers()
    for _, pid in ipairs(pids) do
      if old[pid] then return nil end
    end
    return #pids == n and pids
  end, n .. " workers", timeout)
end


function Gateway:kill_worker(i)
  local pid = assert(self:workers()[i or 1], "there is no such worker")
  process.kill(pid, process.KILL)
  return pid
end


-- Resident memory of all workers in bytes, or the largest they have had ("VmHWM").
function Gateway:memory(field)
  local total = 0
  for _, pid in ipairs(self:workers()) do
    local file = assert(io.open("/proc/" .. pid .. "/status"))
    total = total + 1024 * tonumber(file:read("*a"):match((field or "VmRSS") .. ":%s*(%d+)"))
    file:close()
  end
  return total
end


local function is_expected(self, line)
  for _, pattern in ipairs(self.expected) do
    if line:find(pattern) then return true end
  end
end


-- What nobody expected to read in the log, or nil.
function Gateway:surprise()
  local log = self:log()
  for _, mark in ipairs { "Sanitizer", "runtime error:", "assertion" } do
    if log:find(mark, 1, true) then return log end
  end
  for line in log:gmatch("[^\n]+") do
    if line:find("^%S+ error ") and not is_expected(self, line) then return line end
  end
end


-- Ends it with TERM and judges: exit code 0, nothing left running, no surprise in the log.
function Gateway:stop()
  if self.is_stopped then return end
  self.is_stopped = true
  local p = self.process
  p:signal(process.TERM)
  local ok, status = pcall(p.wait, p, 15)
  local left = ok and p:has_leftovers()
  p:destroy()
  loop.wait_until(function() return p.err.is_ended end, "the end of the log")
  self.dir:remove()
  assert(ok, "the gateway did not stop: " .. tostring(status) .. "\n" .. self:log())
  local surprise = self:surprise()
  assert(not surprise, "unexpected in the log: " .. tostring(surprise))
  if self.killed_on_purpose then return end
  assert(status == 0, "the gateway ended with " .. tostring(status) .. ":\n" .. self:log())
  assert(not left, "processes were left behind")
end


-- Waits for an end that the spec has asked for; the exit code. stop() then only tidies up.
function Gateway:wait_exit(timeout)
  self.killed_on_purpose = true
  return self.process:wait(timeout)
end


return M
