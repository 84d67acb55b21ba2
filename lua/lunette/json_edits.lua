-- SPDX-License-Identifier: Apache-2.0
-- json_edits.lua - what a setting of the type t.json_edits becomes: edits:apply(text, req) changes a JSON text and leaves the
-- rest of it as it was written.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local json = require "lunette.json"
local template = require "lunette.schema_template"
local text = require "lunette.schema_text"

local C, cur, str, to_string = F.C, F.cur, F.str, F.string
local type = type

local OPS = { set = 0, add = 1, remove = 2, rename = 3 }

local M = {}

local Edits = {}
local METATABLE = {
  __index = Edits,
  __newindex = function() fault.raise("edits cannot be changed once they are made") end,
  __metatable = "json_edits",
}


-- What is wrong with a path, or nil.
function M.path_fault(path, op)
  if C.ln_jsondoc_judge(path, #path, OPS[op], str) == 0 then return nil end
  return to_string(str.ptr, str.len)
end


-- The JSON of a value; a function of the request where it has names in braces. nil and a sentence when it is none.
local function value_of(value, escape)
  if type(value) ~= "string" then
    local ok, encoded = pcall(json.encode, value)
    if ok then return encoded end
    return nil, "expected what JSON can say, got " .. text.show(value)
  end
  if not value:find("{", 1, true) then return json.encode(value) end
  local read, why = template.compile(value, "json", escape)
  if not read then return nil, why end
  return function(req) return '"' .. read(req) .. '"' end
end


-- list = { { op =, path =, value = } ... }; nil and the number of the bad one and a sentence.
function M.compile(list, escape)
  local edits = {}
  for i, e in ipairs(list) do
    local value, why = "", nil
    if e.op == "rename" then
      value = e.value
    elseif e.op ~= "remove" then
      value, why = value_of(e.value, escape)
    end
    if not value then return nil, i, why end
    edits[i] = { OPS[e.op], e.path, value }
  end
  return setmetatable({ edits }, METATABLE)
end


-- The text with the edits made; nil and why it is no JSON.
function Edits:apply(source, req)
  if type(source) ~= "string" then fault.raise("apply: expected a text, got " .. text.show(source)) end
  local list, values = self[1], {}
  for i = 1, #list do
    local value = list[i][3]
    if type(value) == "function" then value = value(req) end
    values[i] = value
  end
  if C.ln_jsondoc_open(cur, source, #source, str) ~= 0 then return nil, to_string(str.ptr, str.len) end
  for i = 1, #list do
    local path, value = list[i][2], values[i]
    if C.ln_jsondoc_change(cur, list[i][1], path, #path, value, #value) ~= 0 then return nil, "too many values" end
  end
  C.ln_jsondoc_take(cur, str)
  return to_string(str.ptr, str.len)
end


return M
