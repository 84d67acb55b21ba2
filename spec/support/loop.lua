-- SPDX-License-Identifier: Apache-2.0
-- One poll loop and its actors. An actor is a coroutine; the spec itself is not, yet calls the same functions: when the
-- spec waits, the loop turns. So nothing moves unless the spec waits for something, and every wait has a deadline.
--
--   loop.go(name, f, ...)           starts an actor; the task's :join() gives its results or raises its error
--   loop.wait_fd(fd, "r", what, s)  until readable ("r") or writable ("w")
--   loop.wait_until(pred, what, s)  until pred() is true; looked at after every turn
--   loop.eventually(f, what, s)     the same for facts outside this process, looked at every few milliseconds
--   loop.pause(s)                   a step in time, for trickling and for proving that something does not happen
--
-- Deadlines are multiplied by LN_SLOW from the environment (sanitizers, busy machines).

local ffi = require "ffi"
local sys = require "spec.support.sys"


local M = { slow = tonumber(os.getenv("LN_SLOW")) or 1, patience = 5 }

local MAX_FDS = 4096
local pollfds = ffi.new("struct e2e_pollfd[?]", MAX_FDS)
local waiters = {} -- everybody who waits, in order of arrival
local actors = {}  -- coroutine -> task
local failures = {} -- errors of actors that nobody joins


-- How a peer that went away is told apart from a broken spec.
function M.is_gone(err)
  return type(err) == "table" and err.gone == true
end


function M.gone(why)
  return setmetatable({ gone = true, why = why }, {
    __tostring = function(e) return "the peer is gone: " .. e.why end,
  })
end


local function report(task)
  if not task.done or task.ok or M.is_gone(task.results[1]) then return end
  local trace = debug.traceback(task.co, tostring(task.results[1]))
  failures[#failures + 1] = ("actor %q failed: %s"):format(task.name, trace)
end


local function finish(task, ok, ...)
  if coroutine.status(task.co) ~= "dead" then return end
  actors[task.co] = nil
  task.done, task.ok, task.results = true, ok, { n = select("#", ...), ... }
  if task.detached then report(task) end
end


local function resume(task, ...)
  finish(task, coroutine.resume(task.co, ...))
end


local Task = {}
Task.__index = Task


function Task:join(timeout)
  M.wait_until(function() return self.done end, "the end of actor " .. self.name, timeout)
  if not self.ok then error(self.results[1], 0) end
  return unpack(self.results, 1, self.results.n)
end


-- Its error, if it has ended with one, belongs to the loop and not to a join.
function Task:detach()
  self.detached = true
  report(self)
  return self
end


function M.go(name, f, ...)
  local task = setmetatable({ name = name, co = coroutine.create(f) }, Task)
  actors[task.co] = task
  resume(task, ...)
  return task
end


-- Forgets an actor where it stands; it never runs again.
function M.abandon(task)
  for i = #waiters, 1, -1 do
    if waiters[i].task == task then table.remove(waiters, i) end
  end
  actors[task.co] = nil
  task.done = true
end


-- Whoever waits for this descriptor is woken: it is about to be closed, and its number used again.
function M.forget_fd(fd)
  for _, w in ipairs(waiters) do
    if w.fd == fd then w.fd, w.fired = nil, true end
  end
end


-- What happened behind the spec's back since the last call; nil when nothing did.
function M.take_failure()
  return table.remove(failures, 1)
end


local function is_ready(w, now)
  if w.fired then return true end
  if w.pred and w.pred() then
    w.fired = true
    return true
  end
  if now >= w.deadline then
    w.late = true
    return true
  end
  return false
end


local function take_ready()
  local now, ready, rest = sys.now(), {}, {}
  for _, w in ipairs(waiters) do
    local into = is_ready(w, now) and ready or rest
    into[#into + 1] = w
  end
  waiters = rest
  return ready
end


local function poll_once()
  local now, n, watched, first = sys.now(), 0, {}, math.huge
  for _, w in ipairs(waiters) do
    first = math.min(first, w.deadline)
    if w.fd then
      pollfds[n].fd, pollfds[n].events, pollfds[n].revents = w.fd, w.events, 0
      n = n + 1
      watched[n] = w
    end
  end
  local timeout = math.max(0, math.min(math.ceil((first - now) * 1000), 1000))
  if ffi.C.poll(pollfds, n, timeout) <= 0 then return end
  for i, w in ipairs(watched) do
    if pollfds[i - 1].revents ~= 0 then w.fired = true end
  end
end


-- One turn: whoever is ready goes on. Answers whether the spec's own waiter was among them.
local function turn(mine)
  local ready, reached = take_ready(), false
  if #ready == 0 then
    poll_once()
    ready = take_ready()
  end
  for _, w in ipairs(ready) do
    if w == mine then
      reached = true
    elseif not w.task.done then
      resume(w.task)
    end
  end
  return reached
end


local function wait(w)
  local task = actors[coroutine.running() or false]
  w.task = task
  waiters[#waiters + 1] = w
  if task then
    coroutine.yield()
    return w
  end
  while not turn(w) do
    if #failures > 0 then
      for i, other in ipairs(waiters) do
        if other == w then table.remove(waiters, i) break end
      end
      error(M.take_failure(), 0)
    end
  end
  return w
end


local function deadline(timeout)
  return sys.now() + (timeout or M.patience) * M.slow
end


local function late(what)
  error("waited in vain for " .. what, 3)
end


function M.wait_fd(fd, mode, what, timeout)
  local events = mode == "r" and sys.POLLIN or sys.POLLOUT
  if wait({ fd = fd, events = events, deadline = deadline(timeout) }).late then
    late(what or "a file descriptor")
  end
end


function M.wait_until(pred, what, timeout)
  if pred() then return end
  if wait({ pred = pred, deadline = deadline(timeout) }).late then
    late(type(what) == "function" and what() or what)
  end
end


function M.pause(seconds)
  wait({ deadline = sys.now() + seconds })
end


-- Lets everybody else who is ready run once.
function M.breathe()
  M.pause(0)
end


function M.eventually(f, what, timeout)
  local last = deadline(timeout)
  while true do
    local value = f()
    if value then return value end
    if sys.now() > last then late(what) end
    M.pause(0.005)
  end
end


-- Waits for data on `fd` for `seconds`; false when there was none.
function M.is_readable_within(fd, seconds)
  return not wait({ fd = fd, events = sys.POLLIN, deadline = sys.now() + math.max(seconds, 0.001) }).late
end


M.now = sys.now

return M
