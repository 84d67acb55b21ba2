-- SPDX-License-Identifier: Apache-2.0
-- Where actors meet: a gate opens once for everybody; a barrier opens when as many as it counts have come.

local loop = require "spec.support.loop"


local M = {}

local Gate = {}
Gate.__index = Gate


-- A gate stays open once opened, and hands its value to everybody who waits.
function M.gate(name)
  return setmetatable({ name = name or "a gate", is_open = false }, Gate)
end


function Gate:open(value)
  self.is_open, self.value = true, value
end


function Gate:wait(timeout)
  loop.wait_until(function() return self.is_open end, self.name .. " to open", timeout)
  return self.value
end


local Barrier = {}
Barrier.__index = Barrier


function M.barrier(count, name)
  return setmetatable({ count = count, come = 0, name = name or "a barrier" }, Barrier)
end


function Barrier:meet(timeout)
  self.come = self.come + 1
  loop.wait_until(function() return self.come >= self.count end, function()
    return ("%s: %d of %d have come"):format(self.name, self.come, self.count)
  end, timeout)
end


return M
