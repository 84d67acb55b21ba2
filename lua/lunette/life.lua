-- SPDX-License-Identifier: Apache-2.0
-- life.lua - objects of a request, and what happens when one is used that was kept beyond its request.
--
-- req, res, req.headers and the like are tables whose first element is the number of their request; the C side is always
-- handed the request that runs now, once the two agree. So an object that was kept can reach no other request, and the JIT
-- compiler, which sees that a chain keeps none, makes none.

local F = require "lunette.ffi"
local fault = require "lunette.fault"

local C, cur = F.C, F.cur

local M = {
  revive = nil, -- specs look at requests that have been: revive(number) selects one again, if it is there
  kept = {}, -- what belongs to requests that are under way, by slot; C empties a slot when its request ends
}

local kept = M.kept


-- To be called when object[1] ~= cur.serial. Comes back when the object lives after all.
function M.check(object, what)
  if M.revive and M.revive(object[1]) then return end
  fault.refuse(C.LN_EGONE, what)
end


-- The table where things of the request that runs now are kept.
function M.keep()
  local slot = cur.slot
  if slot == 0 then slot = C.ln_cur_keep(cur) end
  local things = kept[slot]
  if not things then
    things = {}
    kept[slot] = things
  end
  return things
end


return M
