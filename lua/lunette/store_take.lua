-- SPDX-License-Identifier: Apache-2.0
-- store_take.lua - take, look and charge: what a limiter can be asked, wherever it counts.

local F = require "lunette.ffi"
local fault = require "lunette.fault"
local text = require "lunette.schema_text"
local zones = require "lunette.zones"

local C, cur, str, taken = F.C, F.cur, F.str, F.taken
local type = type

local COUNTED = { client = C.LN_COUNTED_CLIENT, ip = C.LN_COUNTED_NETWORK, header = C.LN_COUNTED_HEADER }

local M = {}


local function refuse(what, rc, cost, rate)
  if rc == C.LN_ESTATE then fault.raise(what .. ": nothing can wait here") end
  if rc == C.LN_ELIMIT then
    fault.raise(("%s: %d per %s s is more, or longer, than this limiter was opened for"):format(what, rate.count,
      text.number(rate.per)))
  end
  local expected = rate and "a cost from 0 to 1e9 and a rate" or "a cost from 0 to 1e9"
  fault.raise(("%s: expected %s, got %s"):format(what, expected, text.number(cost)))
end


-- What C reads of the request that runs: lunette.schema_ask.
local function read_key(what, key)
  local by = type(key) == "table" and COUNTED[key.by]
  if not by then zones.check_key(what, key) end
  local rc = C.ln_client_counted(cur, by, key.name, #key.name, key.mark, #key.mark, str)
  if rc < 0 then fault.refuse(rc, what) end
  return str.ptr, str.len
end


-- `count` comes last, so that a request has one call of Lua here and one there.
local function method(what, how, count)
  return function(self, key, cost, rate)
    local bytes, n
    if type(key) == "string" then
      bytes, n = key, #key
    else
      bytes, n = read_key(what, key)
    end
    if cost == nil then
      cost = 1
    elseif type(cost) ~= "number" then
      fault.raise(what .. ": expected a number as cost, got " .. text.show(cost))
    end
    local rc, by = count(self, what, how, bytes, n, cost, rate)
    if rc < 0 then refuse(what, rc, cost, rate) end
    return rc == 0, taken.left, taken.wait, taken.reset, taken.which, by
  end
end


-- The methods of one kind of limiter. `count(self, what, how, key, n, cost, rate)` asks all its windows, or one of another rate:
-- it gives what C has answered, in `taken` too unless that is below 0, and the word for who has judged.
--
-- take: takes `cost` (1) of what the key may have, or nothing. It returns ok, how many would still pass, the seconds to wait
-- when not ok, those until all is back, which of several rates said so, and that word. look: the same, but takes nothing.
-- charge: takes in any case, and what there was not is owed.
function M.methods(count)
  return {
    take = method("take", C.LN_TAKE, count),
    look = method("look", C.LN_TAKE_LOOK, count),
    charge = method("charge", C.LN_TAKE_CHARGE, count),
  }
end


return M
