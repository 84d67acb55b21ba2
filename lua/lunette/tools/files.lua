-- SPDX-License-Identifier: Apache-2.0
-- tools/files.lua - files that the tools write into a user's project.

local ffi = require "ffi"

local M = {}

local FOLDER_MODE = 493 -- rwxr-xr-x

pcall(ffi.cdef, "int mkdir(const char *path, unsigned mode);") -- once, however often this is loaded


-- The content of a file; nil when there is none.
function M.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a") -- nil: a folder
  file:close()
  return text
end


function M.exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end


-- A path below a folder; "." is left out.
function M.join(folder, name)
  if folder == nil or folder == "." then return name end
  return folder:gsub("/+$", "") .. "/" .. name
end


-- Makes the folders of the path, then the file. True, or nil and why not.
function M.write(path, text)
  for at in path:gmatch("()/") do
    if at > 1 then ffi.C.mkdir(path:sub(1, at - 1), FOLDER_MODE) end
  end
  local file, why = io.open(path, "wb")
  if not file then return nil, why end
  local done
  done, why = file:write(text)
  local closed, close_why = file:close()
  if done and closed then return true end
  return nil, ("%s: %s"):format(path, why or close_why or "could not be written")
end


return M
