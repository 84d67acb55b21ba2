-- SPDX-License-Identifier: Apache-2.0
-- schema_units.lua - the types of settings that carry a unit: rate, duration, size, cidr.

local address = require "lunette.schema_cidr"
local text = require "lunette.schema_text"

local types = {}
local M = { types = types }

local SECONDS = { ms = 0.001, s = 1, m = 60, h = 3600 }
local PERIOD = { s = 1, m = 60, h = 3600, d = 86400 }
local BYTES = { [""] = 1, k = 1024, m = 1024 ^ 2, g = 1024 ^ 3 }
local COUNT_MAX = 1e9 -- per second: one nanosecond between two requests
local PER_MAX = 366 * 86400


local function to_seconds(value)
  if type(value) == "number" then
    return value >= 0 and value < math.huge and value or nil
  end
  if type(value) ~= "string" then return nil end
  local digits, unit = value:match("^(%d+%.?%d*)(%a*)$")
  local scale = digits and SECONDS[unit == "" and "s" or unit]
  return scale and tonumber(digits) * scale or nil
end


local function to_bytes(value)
  if type(value) == "number" then
    return value >= 0 and value % 1 == 0 and value <= 2 ^ 53 and value or nil
  end
  if type(value) ~= "string" then return nil end
  local digits, unit = value:match("^(%d+)(%a?)$")
  local scale = digits and BYTES[unit:lower()]
  local n = scale and tonumber(digits) * scale
  return n and n <= 2 ^ 53 and n or nil
end


-- Days from 1970-01-01 to a date, in whose calendar years begin with March so that leap days come last.
local function days_to(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }


-- RFC 3339 -> seconds since 1970, or nil. The seconds can be left out.
local function to_time(value)
  if type(value) ~= "string" then return nil end
  local y, mo, d, h, mi, rest = value:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d)(.*)$")
  local s, zone = (rest or ""):match("^:(%d%d)%.?%d*(.*)$")
  if not s then s, zone = "0", rest end
  local sign, zh, zm = (zone or ""):match("^([+-])(%d%d):(%d%d)$")
  if not y or not (sign or zone == "Z" or zone == "z") then return nil end
  y, mo, d, h, mi, s = tonumber(y), tonumber(mo), tonumber(d), tonumber(h), tonumber(mi), tonumber(s)
  local leap = mo == 2 and y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) and 1 or 0
  if mo < 1 or mo > 12 or d < 1 or d > DAYS[mo] + leap or h > 23 or mi > 59 or s > 59 then return nil end
  local offset = sign and (tonumber(zh) * 60 + tonumber(zm)) * (sign == "-" and -60 or 60) or 0
  return days_to(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset
end


types.time = {
  options = {},
  noun = function() return 'a time such as "2026-11-30T22:00:00Z" or "2026-11-30T23:00:00+01:00"' end,
  parse = function(t, value, state, path) return to_time(value) or state:expected(path, t, value) end,
  json = function() return { type = "string", format = "date-time" } end,
}


-- A quantity whose bounds are written with the same units: t.duration { min = "1s" }.
local function quantity(noun, convert, json)
  return {
    options = { min = true, max = true },
    define = function(t)
      for _, side in ipairs { "min", "max" } do
        if t[side] ~= nil and not convert(t[side]) then
          return ("%s: expected %s, got %s"):format(side, noun, text.show(t[side]))
        end
      end
    end,
    noun = function(t) return noun .. text.range(t.min, t.max) end,
    parse = function(t, value, state, path)
      local n = convert(value)
      if n and n >= (convert(t.min) or 0) and n <= (convert(t.max) or math.huge) then return n end
      return state:expected(path, t, value)
    end,
    json = function() return json end,
  }
end


types.duration = quantity('a duration such as "250ms", "30s" or "5m"', to_seconds, {
  anyOf = {
    { type = "number", minimum = 0 },
    { type = "string", pattern = "^[0-9]+(\\.[0-9]*)?(ms|s|m|h)?$" },
  },
})


types.size = quantity('a size such as 4096, "64k" or "1m"', to_bytes, {
  anyOf = { { type = "integer", minimum = 0 }, { type = "string", pattern = "^[0-9]+[kKmMgG]?$" } },
})


-- Seconds of a duration as people write it, or nil.
M.seconds = to_seconds


-- Bytes of a size as people write it, or nil.
M.bytes = to_bytes


-- { count, per } of a rate as people write it, or nil.
function M.rate(value)
  if type(value) ~= "string" then return nil end
  local count, periods, unit = value:match("^(%d+)/(%d*)(%a)$")
  count = tonumber(count)
  local per = count and PERIOD[unit] and PERIOD[unit] * (periods == "" and 1 or tonumber(periods))
  if not per or per < 1 or per > PER_MAX or count < 1 or count / per > COUNT_MAX then return nil end
  return { count = count, per = per }
end


-- "100/s", "5000/h", "10/30s"  ->  { count = 100, per = 1 }, per in seconds.
types.rate = {
  options = {},
  noun = function() return 'a rate such as "100/s" or "5000/h"' end,
  parse = function(t, value, state, path)
    return M.rate(value) or state:expected(path, t, value)
  end,
  json = function() return { type = "string", pattern = "^[0-9]+/[0-9]*[smhd]$" } end,
}


-- "10.0.0.0/8"  ->  an object with :contains(ip).
types.cidr = {
  options = {},
  noun = function() return 'an address block such as "10.0.0.0/8" or "2001:db8::/32"' end,
  parse = function(t, value, state, path)
    return address.block(value) or state:expected(path, t, value)
  end,
  json = function() return { type = "string", pattern = "^[0-9a-fA-F:.]+(/[0-9]+)?$" } end,
}


return M
