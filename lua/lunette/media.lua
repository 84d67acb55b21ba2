-- SPDX-License-Identifier: Apache-2.0
-- media.lua - whether a content type is in a list of types, some with stars.

local KNOWN_MAX = 1024 -- types of content that a list of types has judged

local M = {}
local verdicts = setmetatable({}, { __mode = "k" }) -- list of types -> content type -> verdict


-- "text/html" is in { "text/html", "text/*", "*/*" }, "application/problem+json" in { "application/*+json" }.
local function judge(types, content_type)
  local kind = content_type:match("^[^;%s]+") or ""
  kind = kind:lower()
  for _, one in ipairs(types) do
    local main, sub = one:lower():match("^([^/]*)/(.*)$")
    if main == "*" and sub == "*" or one:lower() == kind then return true end
    local suffix = sub and sub:match("^%*(.*)$")
    local ends = suffix == "" or suffix and kind:sub(-#suffix) == suffix
    if ends and kind:sub(1, #main + 1) == main .. "/" then return true end
  end
  return false
end


function M.is_one_of(types, content_type)
  local known = verdicts[types]
  if not known or known.count >= KNOWN_MAX then
    known = { count = 0, by_type = {} }
    verdicts[types] = known
  end
  local verdict = known.by_type[content_type]
  if verdict == nil then
    verdict = judge(types, content_type)
    known.by_type[content_type], known.count = verdict, known.count + 1
  end
  return verdict
end


return M
