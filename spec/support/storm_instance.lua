-- SPDX-License-Identifier: Apache-2.0
-- An instance for storms, as a process of its own that can be killed and stopped:
--
--   luajit spec/support/storm_instance.lua ADDRESS CONTROL JOURNAL NAME
--
-- It listens at ADDRESS until it is killed, or whoever has started it ends. CONTROL is the path of a socket that takes lines
-- "MODE MILLISECONDS" and answers each with "ok": how it behaves from now on, and how long it works on a request. JOURNAL
-- gets a line for each request, written as soon as the request is there, so that it outlives the process: the time on the
-- monotonic clock, method and target.

local here = arg[0]:match("^(.-)[^/]*$")
package.path = here .. "../../?.lua;" .. package.path

local http = require "spec.support.http"
local loop = require "spec.support.loop"
local sys = require "spec.support.sys"
local upstream = require "spec.support.upstream"


local PR_SET_PDEATHSIG, KILL = 1, 9
local ADDRESS, CONTROL, JOURNAL, NAME = unpack(arg)
local BODY = http.pattern(4096)
local HEADERS = { "X-Instance: " .. NAME }

local modes = {}


modes["ok"] = function()
  return 200, BODY, HEADERS
end


modes["500"] = function()
  return 500, "broken\n", HEADERS
end


modes["silent"] = function(connection)
  connection:wait_end(3600)
end


modes["reset-head"] = function(connection)
  connection:send("HTTP/1.1 200 OK\r\nX-Instance: " .. NAME .. "\r\nContent-Le")
  loop.pause(0.001)
  connection:reset()
end


modes["reset-body"] = function(connection)
  connection:send((http.response(200, BODY, HEADERS):sub(1, -#BODY / 2)))
  loop.pause(0.001)
  connection:reset()
end


-- With content of which nobody knows the length.
modes["reset-chunks"] = function(connection)
  connection:respond(200, http.chunk(BODY), { HEADERS[1], "Transfer-Encoding: chunked" })
  loop.pause(0.001)
  connection:reset()
end


local mode, work = "ok", 0.005
local journal = assert(io.open(JOURNAL, "a"))
journal:setvbuf("no")


local function obey(connection)
  while true do
    local line = connection.socket:read_until("\n", 256, 3600)
    if not line then return end
    local name, milliseconds = line:match("^(%S+) (%d+)\n$")
    assert(modes[name], "not a mode: " .. line)
    mode, work = name, milliseconds / 1000
    connection:send("ok\n")
  end
end


sys.C.prctl(PR_SET_PDEATHSIG, KILL, 0, 0, 0)
os.remove(CONTROL)
upstream.new { name = NAME .. "'s control", address = "unix:" .. CONTROL, script = obey }
local up
up = upstream.new { name = NAME, address = ADDRESS, backlog = 1024, handler = function(request, connection)
  journal:write(("%.6f %s %s\n"):format(loop.now(), request.method, request.target))
  up.requests, up.connections = {}, {} -- it may live for long, and the journal has them
  loop.pause(work)
  return modes[mode](connection)
end }
io.stdout:write("ready\n")
io.stdout:flush()
while true do
  loop.pause(3600)
  while loop.take_failure() do end
end
