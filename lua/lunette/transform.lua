-- SPDX-License-Identifier: Apache-2.0
-- transform.lua - res:transforms(types): what a plugin asks and says before it changes content.
--
-- Content that is a part, that is encoded, that must not be changed (RFC 9110 section 7.7), or that there is none of, is left
-- alone. For the rest the head is made to fit: what counts or sums up the old content goes, a strong validator becomes weak
-- (section 8.8.1), and parts can no longer be asked for.

local fault = require "lunette.fault"
local phase = require "lunette.phase"
local text = require "lunette.schema_text"

local WITHOUT_CONTENT = { [204] = true, [205] = true, [304] = true }
local SUMS = { "Content-Length", "Content-MD5", "Content-Digest", "Repr-Digest", "Digest", "Accept-Ranges" }

local M = {}


local function may(res, types)
  local headers = res.headers
  local coding = headers["Content-Encoding"]
  if WITHOUT_CONTENT[res.status] or res.status == 206 or headers["Content-Range"] then return false end
  if coding and coding ~= "identity" then return false end
  if headers:has("Cache-Control", "no-transform") then return false end
  return types == nil or headers:is_type(types)
end


local function fit_head(headers)
  for i = 1, #SUMS do headers[SUMS[i]] = nil end
  local tag = headers["ETag"]
  if tag and tag:sub(1, 2) ~= "W/" then headers["ETag"] = "W/" .. tag end
end


local function check(types, name)
  phase.check(name)
  if types ~= nil and type(types) ~= "table" then
    fault.raise(name .. ": expected a list of content types, got " .. text.show(types))
  end
end


-- May the content of this response be changed, and is it of one of these types?
function M.may_transform(res, types)
  check(types, "res:may_transform")
  return may(res, types)
end


-- This plugin will change the content, if it is of one of these types. False: it must not, and sees no chunk of it.
function M.transforms(res, types)
  check(types, "res:transforms")
  if not may(res, types) then
    res:skip_body()
    return false
  end
  fit_head(res.headers)
  return true
end


return M
