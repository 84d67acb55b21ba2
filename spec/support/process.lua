-- SPDX-License-Identifier: Apache-2.0
-- Child processes: each in a process group of its own, so that whatever it has started can be found and ended by id.

local ffi = require "ffi"
local sys = require "spec.support.sys"
local loop = require "spec.support.loop"


local C = ffi.C
local SYS_PIDFD_OPEN = 434
local PR_SET_CHILD_SUBREAPER = 36
local SETPGROUP = 2
local WNOHANG = 1

local M = { TERM = 15, KILL = 9, QUIT = 3, HUP = 1, INT = 2, USR1 = 10, STOP = 19, CONT = 18 }

local Process = {}
Process.__index = Process


local function strings(list)
  local array = ffi.new("char *[?]", #list + 1)
  for i, s in ipairs(list) do array[i - 1] = ffi.cast("char *", s) end
  return array
end


-- The environment of this process with `changes` applied; false removes a name.
local function environment(changes)
  local list, i = {}, 0
  while C.environ[i] ~= nil do
    local entry = ffi.string(C.environ[i])
    local name = entry:match("^[^=]*")
    if changes[name] == nil then list[#list + 1] = entry end
    i = i + 1
  end
  for name, value in pairs(changes) do
    if value then list[#list + 1] = name .. "=" .. value end
  end
  return list
end


-- Collects what a pipe says until its end, as an actor.
local function collect(fd, into)
  local buffer = ffi.new("char[?]", 65536)
  loop.go("reader of " .. into.name, function()
    while true do
      loop.wait_fd(fd, "r", "output", 86400)
      local n = C.read(fd, buffer, 65536)
      if n <= 0 then break end
      into.text = into.text .. ffi.string(buffer, n)
    end
    into.is_ended = true
    loop.forget_fd(fd)
    C.close(fd)
  end):detach()
end


local function spawn(path, args, options, fds)
  local actions, attr = ffi.new("struct e2e_actions"), ffi.new("struct e2e_attr")
  C.posix_spawn_file_actions_init(actions)
  C.posix_spawnattr_init(attr)
  C.posix_spawnattr_setflags(attr, SETPGROUP)
  C.posix_spawnattr_setpgroup(attr, 0)
  C.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0)
  for i, from in ipairs(fds) do C.posix_spawn_file_actions_adddup2(actions, from, i) end
  if options.cwd then C.posix_spawn_file_actions_addchdir_np(actions, options.cwd) end
  local argv = { path, unpack(args) }
  local envp = environment(options.env or {})
  local pid = ffi.new("e2e_pid[1]")
  local rc = C.posix_spawn(pid, path, actions, attr, strings(argv), strings(envp))
  C.posix_spawn_file_actions_destroy(actions)
  C.posix_spawnattr_destroy(attr)
  if rc ~= 0 then error("spawn " .. path .. ": " .. ffi.string(C.strerror(rc)), 3) end
  return pid[0]
end


-- Starts `path` with standard output, standard error and descriptor 3 collected. `options`: cwd, env.
function M.start(path, args, options)
  C.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
  local outputs, ours, theirs = {}, {}, {}
  for i, name in ipairs { "standard output", "standard error", "the report" } do
    ours[i], theirs[i] = sys.pipe()
    outputs[i] = { name = name, text = "", is_ended = false }
  end
  local ok, pid = pcall(spawn, path, args, options or {}, theirs)
  for _, fd in ipairs(theirs) do C.close(fd) end
  if not ok then
    for _, fd in ipairs(ours) do C.close(fd) end
    error(pid, 2)
  end
  for i, fd in ipairs(ours) do collect(fd, outputs[i]) end
  local self = {
    pid = pid, path = path, out = outputs[1], err = outputs[2], report = outputs[3],
    pidfd = tonumber(C.syscall(SYS_PIDFD_OPEN, ffi.cast("long", pid), ffi.cast("long", 0))),
  }
  sys.check(self.pidfd, "pidfd_open")
  -- Should the whole test run end early, the group goes with it.
  self.guard = newproxy(true)
  getmetatable(self.guard).__gc = function()
    if not self.is_settled then C.kill(-pid, M.KILL) end
  end
  return setmetatable(self, Process)
end


function Process:is_running()
  if self.status then return false end
  local status = ffi.new("int[1]")
  if C.waitpid(self.pid, status, WNOHANG) ~= self.pid then return true end
  local code, signal = math.floor(status[0] / 256) % 256, status[0] % 128
  self.status = signal == 0 and code or "signal " .. signal
  C.close(self.pidfd)
  return false
end


-- Waits for its end; the exit code, or "signal N".
function Process:wait(timeout)
  while self:is_running() do
    loop.wait_fd(self.pidfd, "r", "the end of " .. self.path, timeout)
  end
  return self.status
end


function Process:signal(number)
  if self:is_running() then C.kill(self.pid, number) end
end


-- Is anything of its process group left? Orphans come to us (subreaper) and are reaped here.
function Process:has_leftovers()
  repeat
    local pid = C.waitpid(-self.pid, nil, WNOHANG)
  until pid <= 0
  return C.kill(-self.pid, 0) == 0
end


-- Ends whatever is left of it, by force.
function Process:destroy()
  if self:is_running() or self:has_leftovers() then C.kill(-self.pid, M.KILL) end
  self:wait(10)
  loop.eventually(function() return not self:has_leftovers() end, "the end of the process group")
  self.is_settled = true
end


function M.kill(pid, number)
  return C.kill(pid, number) == 0
end


-- Is there such a process, and not only its remains?
function M.exists(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  if not file then return false end
  local state = (file:read("*a") or ""):match("%) (%a)")
  file:close()
  return state ~= nil and state ~= "Z" and state ~= "X"
end


-- Runs a command to its end: { code, out, err }.
function M.run(path, args, options)
  local p = M.start(path, args, options)
  local ok, code = pcall(p.wait, p, options and options.timeout or 20)
  p:destroy()
  if not ok then error(code, 2) end
  loop.wait_until(function() return p.out.is_ended and p.err.is_ended end, "the end of the output")
  return { code = code, out = p.out.text, err = p.err.text }
end


return M
