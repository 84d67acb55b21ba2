-- SPDX-License-Identifier: Apache-2.0
-- Sizes stay small enough to read: functions (median 15 lines, 95 of 100 at most 60, none above 100) and files.
package.path = "tests/lint/?.lua;" .. package.path
local tree = require "tree"


-- Functions that are one flat switch or table and gain nothing by being cut. This list may only shrink.
local LONG_FUNCTIONS = {}

local FUNCTION_MAX, MEDIAN_MAX, NEARLY_ALL_MAX = 100, 15, 60

local FILE_MAX = {
  { "^core/script/api%.cdef%.h$", 500 }, -- the whole boundary is one header: docs/decisions/0003
  { "^core/.*%.c$", 800 },
  { "^core/.*%.h$", 200 },
  { "^tests/unit/.*%.[ch]$", 800 },
  { "^tests/.*%.c$", 800 },
  { "^spec/.*_spec%.lua$", 300 },
  { "%.lua$", 400 },
}


local function count_lines(path)
  local _, n = tree.read(path):gsub("\n", "\n")
  return n
end


local function check_files()
  for _, path in ipairs(tree.files("%.[chl][ua]*$")) do
    for _, row in ipairs(FILE_MAX) do
      if path:find(row[1]) then
        local n = count_lines(path)
        if n > row[2] then
          tree.complain(path, "%d lines, at most %d: one file is one idea, find the second one in it", n, row[2])
        end
        break
      end
    end
  end
end


-- Every function of core/ as {path, name, line, lines}, from universal-ctags.
local function functions()
  local list = {}
  local pipe = assert(io.popen("ctags -f - --languages=C,C++ --langmap=C:.c.h --kinds-C=f --fields=+ne --sort=no "
    .. "--excmd=number -R core"))
  for line in pipe:lines() do
    local name, path = line:match("^([^\t]+)\t([^\t]+)\t")
    local from, to = line:match("\tline:(%d+)"), line:match("\tend:(%d+)")
    if name and from and to then
      list[#list + 1] = { path = path, name = name, line = tonumber(from), lines = to - from + 1 }
    end
  end
  pipe:close()
  return list
end


local function check_functions(list)
  for _, f in ipairs(list) do
    if f.lines > FUNCTION_MAX and not LONG_FUNCTIONS[f.name] then
      tree.complain(f.path .. ":" .. f.line, "%s() has %d lines, at most %d: give its steps names of their own",
        f.name, f.lines, FUNCTION_MAX)
    end
  end
  table.sort(list, function(a, b)
    return a.lines < b.lines
  end)
  local median, nearly_all = list[math.ceil(#list / 2)].lines, list[math.ceil(#list * 0.95)].lines
  print(("%d functions: median %d lines, 95 of 100 at most %d"):format(#list, median, nearly_all))
  if median > MEDIAN_MAX then
    tree.complain("core", "the median function has %d lines, at most %d", median, MEDIAN_MAX)
  end
  if nearly_all > NEARLY_ALL_MAX then
    tree.complain("core", "95 of 100 functions have up to %d lines, at most %d", nearly_all, NEARLY_ALL_MAX)
  end
end


check_files()
check_functions(functions())
tree.finish()
