-- SPDX-License-Identifier: Apache-2.0
-- docs.lua [BINARY]: the generated pages of docs/reference are what the code says, and links lead somewhere.
package.path = "tests/lint/?.lua;lua/?.lua;" .. package.path
local tree = require "tree"
local docs = require "lunette.docs"


local BINARY = arg[1]


local function read_or_nothing(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return text
end


local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end


local function compare(path, wanted, how)
  if read_or_nothing(path) ~= wanted then
    tree.complain(path, "differs from what the code says; make it anew: %s", how)
  end
end


-- [text](target) in a page: a relative target is a file of the project.
local function check_links(path)
  local folder = path:match("^(.*/)") or ""
  local text = tree.read(path):gsub("```.-```", ""):gsub("`[^`\n]*`", "")
  for target in text:gmatch("%]%(([^)%s]+)%)") do
    local file = target:gsub("#.*$", "")
    if not target:find("^%a+:") and file ~= "" and not exists(folder .. file) then
      tree.complain(path, "the link to %s leads nowhere", target)
    end
  end
end


local MAKE = "make docs"
compare("docs/reference/plugins.md", docs.plugins(), MAKE)
compare("docs/reference/lua-api.md", docs.lua_api(), MAKE)
if BINARY then
  local pipe = assert(io.popen(BINARY .. " help --directives 2>/dev/null"))
  compare("docs/reference/directives.md", pipe:read("*a"), MAKE)
  pipe:close()
end
for _, path in ipairs(tree.files("%.md$")) do
  check_links(path)
end
for _, path in ipairs { "README.md", "CHANGELOG.md", "SECURITY.md" } do
  check_links(path)
end
tree.finish()
