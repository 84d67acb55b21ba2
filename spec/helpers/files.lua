-- SPDX-License-Identifier: Apache-2.0
-- Files that a spec writes and that are gone after it: after_each(files.clean).

local lfs = require "lfs"

local M = {}

local folder -- made with the first file
local made = {}


-- The folder that all files of a spec are in.
function M.folder()
  if not folder then
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end
  return folder
end


-- Writes `text` and gives the file's path. `name` may have folders in front.
function M.write(name, text)
  for at in name:gmatch("()/") do
    local sub = M.folder() .. "/" .. name:sub(1, at - 1)
    if lfs.mkdir(sub) then table.insert(made, 1, sub) end
  end
  local path = M.folder() .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  table.insert(made, 1, path)
  return path
end


function M.read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end


function M.clean()
  for _, path in ipairs(made) do
    if not os.remove(path) then lfs.rmdir(path) end
  end
  if folder then lfs.rmdir(folder) end
  folder, made = nil, {}
end


return M
