-- SPDX-License-Identifier: Apache-2.0
-- schema_text.lua - the words of messages about settings.

local M = {}

local WORD_MAX = 40 -- longer words are nobody's typing error; the same bound as core/base/text.c
local SHOWN_MAX = 40


-- A number as one would write it: 10, 0.5, 1000000000.
function M.number(n)
  if n % 1 == 0 and math.abs(n) < 2 ^ 53 then return ("%d"):format(n) end
  return ("%.14g"):format(n)
end


-- The same to the last digit; nil: it is none, or so large that it stands for others, too.
function M.exact_number(n)
  if n % 1 == 0 then return math.abs(n) < 2 ^ 53 and ("%.0f"):format(n) or nil end
  if n ~= n or math.abs(n) == math.huge then return nil end
  local short = ("%.14g"):format(n)
  return tonumber(short) == n and short or ("%.17g"):format(n)
end


function M.quote(s)
  if #s > SHOWN_MAX then s = s:sub(1, SHOWN_MAX - 3) .. "..." end
  s = s:gsub("[%c\\\"]", function(c)
    if c == "\\" or c == '"' then return "\\" .. c end
    return ("\\%03d"):format(c:byte())
  end)
  return '"' .. s .. '"'
end


-- What somebody gave where something else was expected.
function M.show(value)
  local kind = type(value)
  if kind == "string" then return M.quote(value) .. " (string)" end
  if kind == "number" then return M.number(value) .. " (number)" end
  if kind == "boolean" then return tostring(value) .. " (boolean)" end
  if kind == "table" and #value > 0 then return "a list" end
  return "a " .. kind
end


-- { "a", "b", "c" } -> '"a", "b" or "c"'
function M.choices(words)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = '"' .. word .. '"' end
  if #quoted < 2 then return quoted[1] or "nothing" end
  return table.concat(quoted, ", ", 1, #quoted - 1) .. " or " .. quoted[#quoted]
end


-- " of at least 1", " from 1 to 9", ""; with the unit "item": " of at least 1 item", " of 1 to 9 items".
function M.range(min, max, unit)
  local last = max or min
  unit = unit and (" %s%s"):format(unit, last == 1 and "" or "s") or ""
  if min and max then return (" %s %s to %s%s"):format(unit ~= "" and "of" or "from", min, max, unit) end
  if min then return (" of at least %s%s"):format(min, unit) end
  if max then return (" of at most %s%s"):format(max, unit) end
  return ""
end


-- Restricted Damerau-Levenshtein distance, case-blind: insert, delete, replace, swap of neighbours
-- cost one each.
local function distance(a, b)
  if #a > WORD_MAX or #b > WORD_MAX then return WORD_MAX end
  a, b = a:lower(), b:lower()
  local before, above = {}, {}
  for j = 0, #b do above[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local x, y = a:byte(i), b:byte(j)
      row[j] = math.min(above[j - 1] + (x == y and 0 or 1), above[j] + 1, row[j - 1] + 1)
      if i > 1 and j > 1 and x == b:byte(j - 1) and a:byte(i - 1) == y then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, above = above, row
  end
  return above[#b]
end


-- The candidate that `word` was probably meant to be, or nil: the rule of ln_text_nearest() in
-- core/base/text.c. Candidates are a list; sort it first when it comes from a table's keys, so that
-- ties fall the same way every time.
function M.nearest(word, candidates)
  local best
  local bound = math.min(math.max(math.floor(#word / 3), 1), 3)
  for _, candidate in ipairs(candidates) do
    local d = distance(word, candidate)
    if d <= bound and (not best or d < bound) then
      best, bound = candidate, d
    end
  end
  return best
end


-- '; did you mean "burst"?' or "".
function M.hint(word, candidates)
  local near = M.nearest(word, candidates)
  return near and ('; did you mean "%s"?'):format(near) or ""
end


-- The keys of a table as a sorted list; keys that are not strings come as their text.
function M.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  return keys
end


-- The same keys unchanged, numbers before the rest, in one order every time.
function M.ordered_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == "number" and type(b) == "number" then return a < b end
    if type(a) ~= type(b) then return type(a) == "number" end
    return tostring(a) < tostring(b)
  end)
  return keys
end


-- request + set + "bad name" -> request.set["bad name"]
function M.path(parent, key)
  if type(key) == "number" then return ("%s[%s]"):format(parent, M.number(key)) end
  key = tostring(key)
  if not key:find("^[%a_][%w_]*$") then return ('%s[%s]'):format(parent, M.quote(key)) end
  return parent == "" and key or parent .. "." .. key
end


return M
