-- SPDX-License-Identifier: Apache-2.0
-- The boundary header is read by two readers, the C compiler and ffi.cdef: no preprocessor in it, and both accept it.
package.path = "tests/lint/?.lua;" .. package.path
local tree = require "tree"
local ffi = require "ffi"


local PATH = "core/script/api.cdef.h"

local PRELUDE = "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"


local function check_pure()
  for number, line in tree.lines(PATH) do
    if line:find("#", 1, true) then
      tree.complain(PATH .. ":" .. number, "no '#' here, ffi.cdef refuses it: guards and includes belong to api.h")
    end
    if line:find("%.%.%.%s*%)") then
      tree.complain(PATH .. ":" .. number, "no variable arguments: such calls are not compiled by the JIT")
    end
  end
end


-- A struct passed or returned by value is called, but never compiled.
local function check_by_value()
  local code = tree.read(PATH):gsub("/%*.-%*/", ""):gsub("%b{}", "{}")
  for declaration in code:gmatch("[^;]+") do
    local returned, arguments = declaration:match("^%s*(.-)[%w_]+%s*(%b())%s*$")
    if arguments then
      for piece in (returned .. "," .. arguments:sub(2, -2)):gmatch("[^,]+") do
        if piece:find("%f[%w]struct%f[%W]") and not piece:find("*", 1, true) and not piece:find("[", 1, true) then
          tree.complain(PATH, "pass the struct by pointer: %s", (declaration:gsub("%s+", " ")))
        end
      end
    end
  end
end


local function check_ffi()
  local ok, message = pcall(ffi.cdef, tree.read(PATH))
  if not ok then
    tree.complain(PATH, "ffi.cdef refuses it: %s", message)
  end
end


local function compiler_accepts()
  local source = os.tmpname()
  local file = assert(io.open(source, "w"))
  file:write(PRELUDE, tree.read(PATH))
  file:close()
  local compiler = os.getenv("CC") or "cc"
  local code = os.execute(compiler .. " -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -x c " .. source)
  os.remove(source)
  return code == 0 or code == true
end


check_pure()
check_by_value()
if not compiler_accepts() then
  tree.complain(PATH, "does not compile after <stdbool.h>, <stddef.h> and <stdint.h>")
end
check_ffi()
tree.finish()
