-- SPDX-License-Identifier: Apache-2.0
-- What the checks of this folder share: the project's files, and a way to complain.
local M = { complaints = 0 }


local ROOTS = "core lua plugins conf spec tests cmake docs .ci"


-- Paths of all files below the source folders whose name matches the Lua pattern.
function M.files(pattern)
  local list = {}
  local pipe = assert(io.popen("find " .. ROOTS .. " -type f 2>/dev/null | sort"))
  for path in pipe:lines() do
    if path:find(pattern) then
      list[#list + 1] = path
    end
  end
  pipe:close()
  return list
end


function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end


-- Iterates over (number, text) of a file's lines.
function M.lines(path)
  local number, iterate = 0, M.read(path):gmatch("([^\n]*)\n?")
  return function()
    local line = iterate()
    number = number + 1
    if line then
      return number, line
    end
  end
end


-- One complaint: where, what is wrong and what to do.
function M.complain(where, format, ...)
  M.complaints = M.complaints + 1
  print(where .. ": " .. format:format(...))
end


function M.finish()
  os.exit(M.complaints == 0 and 0 or 1)
end


return M
