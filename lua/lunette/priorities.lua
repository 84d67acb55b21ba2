-- SPDX-License-Identifier: Apache-2.0
-- priorities.lua - who is refused first when a service has more than it is given at once: low, normal, high.

local text = require "lunette.schema_text"

local M = {}

M.WORDS = { "low", "normal", "high" }


-- The place of a word among them, or nil and what was expected.
function M.rank(word)
  for i, known in ipairs(M.WORDS) do
    if known == word then return i end
  end
  return nil, "expected low, normal or high, got " .. text.show(word) .. text.hint(tostring(word), M.WORDS)
end


return M
