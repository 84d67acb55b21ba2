-- SPDX-License-Identifier: Apache-2.0
-- tools/traces.lua - where in plugins and routes files LuaJIT cannot make machine code, and why.
--
-- A trace may be given up for where it happened to begin; it begins elsewhere next time. Told are the reasons that never go
-- away: a call or an instruction that is always interpreted.

local F = require "lunette.ffi"

local has_util, util = pcall(require, "jit.util")
local has_names, names = pcall(require, "jit.vmdef")

local M = {}

local LASTING = { "^NYI: bytecode", "^NYI: FastFunc", "^NYI: C function", "^NYI: unsupported", "blacklisted" }

-- What runs once, at the start, need not be fast.
local RUNNING = {
  [F.C.LN_PHASE_REQUEST] = true, [F.C.LN_PHASE_RESPONSE] = true, [F.C.LN_PHASE_BODY] = true, [F.C.LN_PHASE_LOG] = true,
}

local found, order = {}, {}


-- Whether anything can be seen here; nil and why not.
function M.available()
  if not jit.status() then return nil, "the compiler is off" end
  if not (has_util and has_names) then return nil, "the modules jit.util and jit.vmdef of LuaJIT are not installed" end
  return true
end


local function is_lasting(reason)
  for _, pattern in ipairs(LASTING) do
    if reason:find(pattern) then return true end
  end
  return false
end


-- `harmless`: the rest is machine code all the same.
local function add(place, reason, harmless)
  local key = place .. ": " .. reason
  if found[key] then return end
  found[key] = { place = place, reason = reason, harmless = harmless or false }
  order[#order + 1] = found[key]
end


-- FastFunc 72 is table.sort to people.
local function describe(code, extra)
  local reason = tostring(names.traceerr[code])
  if reason:find("FastFunc") and names.ffnames[extra] then
    return ("%s is interpreted, not compiled"):format(names.ffnames[extra])
  end
  if reason:find("bytecode") and type(extra) == "number" then
    local name = names.bcnames:sub(extra * 6 + 1, extra * 6 + 6):gsub("%s+$", "")
    if name == "FNEW" then return "a function made here for each request is interpreted, not compiled" end
    if name == "UCLO" then return "a function that keeps a local of this block is interpreted, not compiled" end
    return ("the instruction %s is interpreted, not compiled"):format(name)
  end
  local ok, text = pcall(string.format, reason, tostring(extra))
  return ok and text or reason
end

local wanted, events


-- Machine code must not run while the compiler is at work, and string.find is some: events are judged afterwards.
local function on_trace(what, _, func, pc, code, extra)
  if what ~= "abort" and what ~= "start" or not RUNNING[F.cur.phase] then return end
  events[#events + 1] = { what, func, pc, code, extra }
end

jit.off(on_trace, true)


local function judge(what, func, pc, code, extra)
  local at = util.funcinfo(func, pc)
  if not at.source or not wanted(at.source) then return end
  local place = at.source:sub(2) .. ":" .. tostring(at.currentline)
  if what == "start" then
    if extra == -1 then add(place, "a call here leaves machine code and comes back to it", true) end
    return
  end
  if is_lasting(tostring(names.traceerr[code]):format(tostring(extra))) then add(place, describe(code, extra)) end
end


-- A plugin, its modules or a routes file: neither the gateway's own code nor specs or their libraries.
function M.is_own(source)
  return source:find("^@") and not source:find("_spec%.lua$") and not source:find("^@/usr/")
    and not source:find("^@lua/") and not source:find("^@%.?/?spec/")
end


-- Begins to watch the files for which `accept(source)` holds.
function M.watch(accept)
  found, order, events, wanted = {}, {}, {}, accept or M.is_own
  jit.flush()
  jit.attach(on_trace, "trace")
end


-- Ends it: a list of { place, reason, harmless }, by place.
function M.stop()
  jit.attach(on_trace)
  for _, event in ipairs(events or {}) do judge(unpack(event, 1, 5)) end
  events = {}
  table.sort(order, function(a, b) return a.place < b.place end)
  return order
end


-- For `lunette test --jit`: everything is hot from its third run, so that a few requests of a spec are enough.
function M.start()
  if not M.available() then return end
  require("jit.opt").start("hotloop=3", "hotexit=2")
  M.watch()
end


-- Prints what was found. True: there is nothing to complain of, or nothing could be seen.
function M.report()
  local can, why = M.available()
  if not can then
    io.stdout:write("\njit: nothing to see here: ", why, "\n")
    return false
  end
  local list = M.stop()
  io.stdout:write(#list == 0 and "\njit: every handler that was hot became machine code\n"
    or "\njit: what stays interpreted\n")
  for _, one in ipairs(list) do io.stdout:write(("  %s: %s\n"):format(one.place, one.reason)) end
  return true
end


return M
