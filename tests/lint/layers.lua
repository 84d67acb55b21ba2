-- SPDX-License-Identifier: Apache-2.0
-- Includes respect the layers: a folder of core/ includes only the layers below it, a third-party library is included
-- by one layer only, and a source file includes its own header first, which proves that the header stands alone.
package.path = "tests/lint/?.lua;" .. package.path
local tree = require "tree"


local BELOW = {
  base = "",
  conf = "base",
  net = "base",
  http = "base",
  shm = "base",
  redis = "base net",
  limit = "base conf net shm redis",
  auth = "base conf net",
  upstream = "base conf net http shm",
  script = "base conf net http shm redis limit auth upstream",
  gateway = "base conf net http shm redis limit auth upstream script",
  server = "base conf net http shm redis limit auth upstream script gateway",
}

local THIRD_PARTY = {
  ["ev.h"] = "net",
  ["ares.h"] = "net",
  ["openssl/"] = "net",
  ["llhttp.h"] = "http",
  ["yaml.h"] = "conf",
  ["zlib.h"] = "http",
  ["hiredis/"] = "redis",
  ["crypt.h"] = "auth",
  ["lua.h"] = "script",
  ["lualib.h"] = "script",
  ["lauxlib.h"] = "script",
  ["luajit.h"] = "script",
}

local LIBC = {}
for name in ([[assert ctype dirent dlfcn errno fcntl fnmatch ftw getopt glob grp inttypes limits locale math netdb
  poll pthread pwd sched semaphore signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib string
  strings syslog termios time unistd]]):gmatch("%a+") do
  LIBC[name .. ".h"] = true
end


local function is_libc(header)
  return LIBC[header] or header:find("^sys/") or header:find("^netinet/") or header:find("^arpa/")
    or header:find("^net/") or header:find("^linux/") or header:find("^sanitizer/") or header:find("intrin%.h$")
end


local function may_include(layer, other)
  return layer == other or (" " .. BELOW[layer] .. " "):find(" " .. other .. " ", 1, true) ~= nil
end


local function check_quoted(where, layer, header)
  local other = header:match("^([%w_]+)/")
  if not other then
    tree.complain(where, "include \"%s\" by its layer: \"%s/%s\"", header, layer, header)
  elseif not BELOW[other] then
    tree.complain(where, "\"%s\" names no layer; the table in tests/lint/layers.lua knows all", header)
  elseif not may_include(layer, other) then
    tree.complain(where, "%s may not include %s: move the code down, or pass a callback up", layer, other)
  end
end


local function check_system(where, layer, header)
  if is_libc(header) then
    return
  end
  local owner = THIRD_PARTY[header] or THIRD_PARTY[header:match("^[^/]*/") or ""]
  if not owner then
    tree.complain(where, "<%s> belongs to no layer yet: name its layer in tests/lint/layers.lua", header)
  elseif owner ~= layer then
    tree.complain(where, "<%s> is for the layer %s alone: use what %s offers instead", header, owner, owner)
  end
end


local function check_file(path)
  local layer, name, kind = path:match("^core/([%w_]+)/([%w_]+)%.(%w+)$")
  if not layer or not BELOW[layer] then
    tree.complain(path, "a source file lies in core/<layer>/, and the layer is one of the table's")
    return
  end
  local own = layer .. "/" .. name .. ".h"
  local own_exists = kind == "c" and io.open("core/" .. own)
  local first = true
  if own_exists then
    own_exists:close()
  end
  for number, line in tree.lines(path) do
    local open, header = line:match("^%s*#%s*include%s*([<\"])([^>\"]+)")
    local where = path .. ":" .. number
    -- a table (*.def) is expanded where it is needed, by its own layer or one above
    if open == "\"" then
      check_quoted(where, layer, header)
    elseif open then
      check_system(where, layer, header)
    end
    if open and first and own_exists and header ~= own then
      tree.complain(where, "include \"%s\" first", own)
    end
    first = first and not open
  end
end


for _, path in ipairs(tree.files("^core/.*%.[ch]$")) do
  if not path:find("%.cdef%.h$") then
    check_file(path)
  end
end
tree.finish()
