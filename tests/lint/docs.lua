-- SPDX-License-Identifier: Apache-2.0
-- docs.lua REFERENCE [--fix]: the generated pages of docs/reference and the stds of .luacheckrc are what
-- the code says, and links lead somewhere.
-- REFERENCE is the program that prints the rows of directives, and the metrics (tests/docs/reference.c).
package.path = "tests/lint/?.lua;lua/?.lua;" .. package.path
local tree = require "tree"
local docs = require "lunette.docs"
local metrics = require "metrics"


local REFERENCE, FIX = arg[1], arg[2] == "--fix"


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


local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end


local function compare(path, wanted)
  if read_or_nothing(path) == wanted then
    return
  end
  if FIX then
    local file = assert(io.open(path, "wb"))
    file:write(wanted)
    file:close()
  else
    tree.complain(path, "differs from what the code says: make docs")
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


compare("docs/reference/plugins.md", docs.plugins())
compare("docs/reference/lua-api.md", docs.lua_api())
compare(".luacheckrc", docs.luacheckrc(tree.read(".luacheckrc")))
compare("docs/reference/directives.md", output(REFERENCE .. " page"))
compare("docs/reference/gateway.yaml", output(REFERENCE .. " example"))
compare("docs/reference/metrics.md", metrics.page(output(REFERENCE .. " metrics")))
for _, path in ipairs(FIX and {} or tree.files("%.md$")) do
  check_links(path)
end
for _, path in ipairs(FIX and {} or { "README.md", "CHANGELOG.md", "SECURITY.md" }) do
  check_links(path)
end
tree.finish()
