-- SPDX-License-Identifier: Apache-2.0
-- Temporary directories of the harness and the files in them.

local ffi = require "ffi"
local sys = require "spec.support.sys"


local M = {}

local Dir = {}
Dir.__index = Dir


function M.new()
  local base = os.getenv("TMPDIR") or "/tmp"
  local template = ffi.new("char[256]", base .. "/lunette-e2e-XXXXXX")
  assert(ffi.C.mkdtemp(template) ~= nil, "mkdtemp")
  return setmetatable({ path = ffi.string(template) }, Dir)
end


function Dir:join(name)
  return self.path .. "/" .. name
end


-- Makes the folders on the way, then the file; what was there is replaced at once (rename), as editors do.
function Dir:write(name, text)
  local at = 1
  while true do
    local slash = name:find("/", at, true)
    if not slash then break end
    ffi.C.mkdir(self:join(name:sub(1, slash - 1)), 493)
    at = slash + 1
  end
  local path = self:join(name)
  local file = assert(io.open(path .. "~new", "wb"))
  assert(file:write(text))
  file:close()
  sys.check(ffi.C.rename(path .. "~new", path), "rename")
  return path
end


function Dir:read(name)
  local file = io.open(self:join(name), "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end


function Dir:remove()
  assert(self.path:find("/lunette-e2e-", 1, true))
  os.execute("rm -rf '" .. self.path .. "'")
end


return M
