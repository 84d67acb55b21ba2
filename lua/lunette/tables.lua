-- SPDX-License-Identifier: Apache-2.0
-- tables.lua - table.sort and table.insert for plugins, in Lua: what runs in C cannot be stopped, and cannot wait.
--
-- The sort is a stable merge. Whatever the comparison says, it ends after n log n questions.

local fault = require "lunette.fault"

local native_insert = table.insert
local rawget, rawset, select, tonumber, type = rawget, rawset, select, tonumber, type
local floor, ceil, min = math.floor, math.ceil, math.min

local RUN = 8 -- elements that are put in order by moving them

local M = {}


local function less(a, b)
  return a < b
end


-- Elements first to last of `t`, each moved to the left as far as it goes.
local function order_run(t, first, last, before)
  for i = first + 1, last do
    local value, at = rawget(t, i), i
    while at > first and before(value, rawget(t, at - 1)) do
      rawset(t, at, rawget(t, at - 1))
      at = at - 1
    end
    rawset(t, at, value)
  end
end


-- Two ordered runs of `from` become one in `to`.
local function merge(from, to, first, middle, last, before)
  local left, right = first, middle + 1
  for i = first, last do
    if right > last or (left <= middle and not before(rawget(from, right), rawget(from, left))) then
      rawset(to, i, rawget(from, left))
      left = left + 1
    else
      rawset(to, i, rawget(from, right))
      right = right + 1
    end
  end
end


function M.sort(t, before)
  if type(t) ~= "table" then
    fault.raise(("bad argument #1 to 'sort' (table expected, got %s)"):format(t == nil and "no value" or type(t)))
  end
  if before == nil then before = less end
  if type(before) ~= "function" then
    fault.raise(("bad argument #2 to 'sort' (function expected, got %s)"):format(type(before)))
  end
  local n = #t
  for first = 1, n, RUN do order_run(t, first, min(first + RUN - 1, n), before) end
  local from, to, width = t, {}, RUN
  while width < n do
    for first = 1, n, 2 * width do
      merge(from, to, first, min(first + width - 1, n), min(first + 2 * width - 1, n), before)
    end
    from, to, width = to, from, 2 * width
  end
  if from ~= t then
    for i = 1, n do rawset(t, i, rawget(from, i)) end
  end
end


function M.insert(t, ...)
  local count = select("#", ...)
  if type(t) ~= "table" then
    fault.raise(("bad argument #1 to 'insert' (table expected, got %s)"):format(t == nil and "no value" or type(t)))
  end
  if count == 1 then return native_insert(t, (...)) end
  if count ~= 2 then fault.raise("wrong number of arguments to 'insert'") end
  local place, value = ...
  local at = tonumber(place)
  if not at then fault.raise(("bad argument #2 to 'insert' (number expected, got %s)"):format(type(place))) end
  at = at < 0 and ceil(at) or floor(at)
  for i = #t, at, -1 do rawset(t, i + 1, rawget(t, i)) end
  rawset(t, at, value)
end


return M
