-- SPDX-License-Identifier: Apache-2.0
-- tools/test.lua - `lunette test`: runs busted inside the binary, on the code of the gateway.
--
-- --coverage[=FILE] and --jit are ours; every other option is busted's. Gives the exit code: 0 all specs pass, 1 some do not,
-- 2 the command line makes no sense.

local M = {}

local GC_PAUSE = 400 -- specs make much garbage, and busted keeps much alive

-- What busted is made of, where Debian has it; a stock LuaJIT looks in other places first.
local SHARE = ";/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"


local function set_paths()
  local machine = jit.arch:gsub("x64", "x86_64"):gsub("arm64", "aarch64")
  package.path = "lua/?.lua;./?.lua;" .. package.path .. SHARE
  package.cpath = ("%s;/usr/lib/%s-linux-gnu/lua/5.1/?.so"):format(package.cpath, machine)
end


-- Takes our options out of the arguments: { coverage = true or a file, jit = true }, and what is left for busted.
local function take_options(args)
  local own, rest = {}, { [0] = args[0] }
  for _, word in ipairs(args) do
    local file = word:match("^%-%-coverage=(.+)$")
    if word == "--coverage" or file then
      own.coverage = file or true
    elseif word:find("^%-%-plugins=.") then
      own.plugins = word:match("=(.*)$")
    elseif word == "--jit" then
      own.jit = true
    else
      rest[#rest + 1] = word
    end
  end
  return own, rest
end


local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end


-- Whether the arguments name something to run; otherwise it is the folder spec.
local function names_paths(args)
  for i, word in ipairs(args) do
    if word:sub(1, 1) ~= "-" and exists(word) and not (args[i - 1] or ""):find("^%-[^=]*$") then return true end
    if word:find("^%-%-?[fhe]l?p?$") or word == "--version" or word:find("^%-%-config%-file") then return true end
  end
  return exists(".busted")
end


-- Busted ends the process, with a code that wraps at 256; here it only tells.
local function catch_exit()
  local compatibility = require "busted.compatibility"
  compatibility.exit = function(code) error({ exit = code or 0 }, 0) end
end


-- Runs `listen(busted)` with the instance of busted that is going to run.
local function with_busted(listen)
  local core = require "busted.core"
  package.loaded["busted.core"] = function()
    local busted = core()
    listen(busted)
    return busted
  end
end


local function run_busted()
  local ok, result = xpcall(require "busted.runner", function(e)
    return type(e) == "table" and e or debug.traceback(tostring(e))
  end, { standalone = false })
  if ok then return 0 end
  if type(result) == "table" and result.exit then return result.exit == 0 and 0 or 1 end
  io.stderr:write("lunette test: ", tostring(result), "\n")
  return 1
end


local function find_busted()
  local found, why = pcall(require, "busted.compatibility")
  if found then return true end
  io.stderr:write("lunette test: busted is not installed (Debian: apt install lua-busted)\n")
  if not why:find("module 'busted.compatibility' not found", 1, true) then io.stderr:write(why, "\n") end
end


function M.main(args)
  local own
  own, args = take_options(args)
  set_paths()
  if not find_busted() then return 1 end
  if not names_paths(args) then
    if not exists("spec") then
      io.stderr:write("lunette test: there is no folder spec here (lunette new plugin NAME makes one)\n")
      return 1
    end
    args[#args + 1] = "spec"
  end
  _G.arg = args
  catch_exit()
  if own.coverage and own.jit then
    io.stderr:write("lunette test: --coverage counts lines with the compiler off; ask for --jit on its own\n")
    return 2
  end
  local watcher = own.coverage and require "lunette.tools.coverage" or own.jit and require "lunette.tools.traces"
  if watcher then with_busted(function() watcher.start() end) end
  if own.plugins then require("lunette.world").home = own.plugins end
  collectgarbage("setpause", GC_PAUSE)
  local code = run_busted()
  if watcher then
    local good = watcher.report(own.coverage)
    if not good then code = 1 end
  end
  return code
end


return M
