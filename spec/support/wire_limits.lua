-- SPDX-License-Identifier: Apache-2.0
-- What a process may use and has used: for specs about bounds.

local ffi = require "ffi"
local sys = require "spec.support.sys"


local M = {}

local RLIMIT_NOFILE = 7
local TICKS = 100 -- of /proc/PID/stat in a second, on every Linux

if not pcall(ffi.typeof, "struct wire_rlimit") then
  ffi.cdef [[
    struct wire_rlimit { uint64_t soft; uint64_t hard; };
    int getrlimit(int resource, struct wire_rlimit *limit);
    int setrlimit(int resource, const struct wire_rlimit *limit);
  ]]
end


-- Raises the number of descriptors of this process as far as it may; the number.
function M.raise_files()
  local limit = ffi.new("struct wire_rlimit")
  sys.check(ffi.C.getrlimit(RLIMIT_NOFILE, limit), "getrlimit")
  limit.soft = limit.hard
  sys.check(ffi.C.setrlimit(RLIMIT_NOFILE, limit), "setrlimit")
  return tonumber(limit.soft)
end


-- Seconds of the processor that the workers of a gateway have used.
function M.cpu(g)
  local total = 0
  for _, pid in ipairs(g:workers()) do
    local file = assert(io.open("/proc/" .. pid .. "/stat"))
    local user, system = file:read("*a"):match("%) " .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
    file:close()
    total = total + tonumber(user) + tonumber(system)
  end
  return total / TICKS
end


-- Those of the loop of a gateway's only worker, to the nanosecond.
function M.cpu_of_loop(g)
  local file = assert(io.open("/proc/" .. g:workers()[1] .. "/schedstat"))
  local nanoseconds = file:read("*a"):match("^%d+")
  file:close()
  return tonumber(nanoseconds) / 1e9
end


-- Sanitizers keep freed memory and add to what is there: resident sizes say nothing then.
function M.is_sanitized(g)
  local file = assert(io.open("/proc/" .. g:workers()[1] .. "/maps"))
  local maps = file:read("*a")
  file:close()
  return maps:find("libasan", 1, true) ~= nil or maps:find("libclang_rt", 1, true) ~= nil
    or maps:find("00007fff8000-", 1, true) ~= nil
end


return M
