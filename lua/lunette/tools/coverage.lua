-- SPDX-License-Identifier: Apache-2.0
-- tools/coverage.lua - which lines of plugins, their modules and routes files the specs have run.
--
-- Counted are the files that the gateway's own loader has read, below this folder and not in spec/, and the plugins that no
-- spec has loaded. A line counts when there is code on it. The compiler is off meanwhile: machine code calls no hooks.

local sandbox = require "lunette.sandbox"
local util = require "jit.util"

local M = {}

local PLUGINS = "plugins"

local files = {} -- source such as "@plugins/x.lua" -> { path =, hits = { [line] = n }, lines = { [line] = true } }


-- Lines that only close what stands above them: the code on them leaves a function that has been left before.
local function is_closing(text)
  return text:find("^%s*[%]})]*[,;]?%s*$") or text:find("^%s*end[%s%]}),;]*$") or text:find("^%s*else%s*$")
end


-- Adds the lines of a function and of those that are written inside it.
local function add_lines(lines, proto)
  local info = util.funcinfo(proto)
  for pc = 1, info.bytecodes - 1 do
    local line = util.funcinfo(proto, pc).currentline
    if line and line > 0 then lines[line] = true end
  end
  for i = -1, -info.gcconsts, -1 do
    local constant = util.funck(proto, i)
    if type(constant) == "proto" then add_lines(lines, constant) end
  end
end


local function register(path, text, chunk)
  local source = "@" .. path
  local file = files[source]
  if not file then
    file = { path = path, hits = {} }
    files[source] = file
  end
  file.lines = {} -- a spec may have written the file anew
  add_lines(file.lines, chunk)
  local number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if is_closing(line) then file.lines[number] = nil end
  end
end


local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end


-- A file of this project, and no fixture of its specs; not one of those in the binary.
local function is_own(path)
  return not path:find("^/") and not path:find("^spec/") and read(path) ~= nil
end


local function on_line(_, line)
  local file = files[debug.getinfo(2, "S").source]
  if file then file.hits[line] = (file.hits[line] or 0) + 1 end
end


function M.start()
  local compile = sandbox.compile
  sandbox.compile = function(bytes, path, env)
    local chunk, why = compile(bytes, path, env)
    if chunk and is_own(path) then register(path, bytes, chunk) end
    return chunk, why
  end
  jit.off()
  jit.flush()
  debug.sethook(on_line, "l")
end


local function add_folder(folder)
  local lfs = require "lfs"
  if lfs.attributes(folder, "mode") ~= "directory" then return end
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if name:find("^[^.].*%.lua$") and not files["@" .. path] then
      local text = read(path)
      local chunk = text and loadstring(text, "@" .. path)
      if chunk then register(path, text, chunk) end
    elseif name:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory" then
      add_folder(path)
    end
  end
end


-- { path =, lines = sorted list, hits =, covered =, missed = list } of every file, by path.
local function summary()
  local list = {}
  for _, file in pairs(files) do
    local one = { path = file.path, hits = file.hits, lines = {}, missed = {} }
    for line in pairs(file.lines) do one.lines[#one.lines + 1] = line end
    table.sort(one.lines)
    for _, line in ipairs(one.lines) do
      if not file.hits[line] then one.missed[#one.missed + 1] = line end
    end
    one.covered = #one.lines - #one.missed
    list[#list + 1] = one
  end
  table.sort(list, function(a, b) return a.path < b.path end)
  return list
end


-- "3, 7-9": neighbours are those with no other line of code between them.
local function ranges(file)
  local out, missed = {}, {}
  for _, line in ipairs(file.missed) do missed[line] = true end
  local first, last
  for _, line in ipairs(file.lines) do
    if missed[line] then
      first, last = first or line, line
    elseif first then
      out[#out + 1] = first == last and tostring(first) or first .. "-" .. last
      first = nil
    end
  end
  if first then out[#out + 1] = first == last and tostring(first) or first .. "-" .. last end
  return table.concat(out, ", ")
end


local function percent(covered, all)
  return all == 0 and 100 or math.floor(1000 * covered / all) / 10
end


local function print_table(list)
  local covered, all = 0, 0
  io.stdout:write("\ncoverage: lines that ran, of those with code; and those that did not\n")
  for _, file in ipairs(list) do
    covered, all = covered + file.covered, all + #file.lines
    io.stdout:write(("%6.1f %%  %9s  %s%s\n"):format(percent(file.covered, #file.lines),
      file.covered .. "/" .. #file.lines, file.path, #file.missed > 0 and ": " .. ranges(file) or ""))
  end
  io.stdout:write(("%6.1f %%  %9s  in all\n"):format(percent(covered, all), covered .. "/" .. all))
end


-- The form of lcov, which editors and CI read: geninfo(1).
local function write_lcov(path, list)
  local file, why = io.open(path, "wb")
  if not file then
    io.stderr:write("lunette test: --coverage: ", why, "\n")
    return false
  end
  for _, one in ipairs(list) do
    file:write("TN:\nSF:", one.path, "\n")
    for _, line in ipairs(one.lines) do file:write(("DA:%d,%d\n"):format(line, one.hits[line] or 0)) end
    file:write(("LF:%d\nLH:%d\nend_of_record\n"):format(#one.lines, one.covered))
  end
  file:close()
  return true
end


-- Prints the table, or writes it to the file `target` when that is a name. False: it could not be written.
function M.report(target)
  debug.sethook()
  add_folder(PLUGINS)
  local list = summary()
  print_table(list)
  return target == true or write_lcov(target, list)
end


return M
