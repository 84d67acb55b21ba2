-- SPDX-License-Identifier: Apache-2.0
-- escape.lua - a text as it stands inside of another one: escape.url, escape.path, escape.json, escape.html.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"

local C, cur, str, to_string = F.C, F.cur, F.str, F.string
local type = type

local M = {}


local function add(name, way)
  M[name] = function(s)
    if type(s) ~= "string" then fault.raise(("escape.%s: expected a text, got %s"):format(name, text.show(s))) end
    if C.ln_escape_text(cur, way, s, #s, str) ~= 0 then
      fault.raise(("escape.%s: expected at most 1 MiB, got %d bytes"):format(name, #s))
    end
    return to_string(str.ptr, str.len)
  end
end

add("url", C.LN_ESCAPE_URL)
add("path", C.LN_ESCAPE_PATH)
add("json", C.LN_ESCAPE_JSON)
add("html", C.LN_ESCAPE_HTML)


return M
