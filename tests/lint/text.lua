-- SPDX-License-Identifier: Apache-2.0
-- Every source file starts with its licence and says what it is for; nothing unfinished is left in any text.
package.path = "tests/lint/?.lua;" .. package.path
local tree = require "tree"


local SPDX = "SPDX%-License%-Identifier: Apache%-2%.0"

-- Words that mark unfinished work; spelt in pieces so that this file passes.
local UNFINISHED = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X:", "for n" .. "ow,", "simpli" .. "fied version" }


local function check_licence(path)
  local first, second = tree.read(path):match("^([^\n]*)\n([^\n]*)")
  local line = first and (first:find("^#!") and second or first)
  if not line or not line:find(SPDX) then
    tree.complain(path .. ":1", "start with SPDX-License-Identifier: Apache-2.0 and one line of purpose")
  end
end


local function check_words(path)
  for number, line in tree.lines(path) do
    for _, word in ipairs(UNFINISHED) do
      if line:find(word, 1, true) then
        tree.complain(path .. ":" .. number, "\"%s\": finish it, or write an issue", word)
      end
    end
    if line:find("\t", 1, true) and not path:find("Makefile") and not path:find("%.md$") then
      tree.complain(path .. ":" .. number, "indent with spaces; write \\t inside a string")
    end
    if line:find("[ \r]$") then
      tree.complain(path .. ":" .. number, "space at the end of the line")
    end
  end
end


for _, path in ipairs(tree.files("%.%w+$")) do
  if path:find("%.[ch]$") or path:find("%.lua$") or path:find("%.def$") or path:find("%.cmake$") then
    check_licence(path)
  end
  if path:find("%.[ch]$") or path:find("%.lua$") or path:find("%.md$") or path:find("%.ya?ml$") then
    check_words(path)
  end
end
tree.finish()
