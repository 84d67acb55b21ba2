-- SPDX-License-Identifier: Apache-2.0
-- A storm: an instance accepts connections and says nothing, or its process is stopped, under load of three instances and
-- two workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.storm_world"


local MINIMUM = 5 -- the default of services[].breaker.minRequests


-- Nobody has waited for longer than one attempt at it, and what a good one and a busy machine take.
local function assert_one_try(w)
  for _, r in ipairs(w.load.records) do
    local took = r.finish - r.start
    assert(took < 2 * world.per_try, ("request %d took %.3f s"):format(r.id, took))
  end
end


local function weather(w, begin, over)
  w.load:wait(300)
  begin(w.bad)
  w:wait_news("closed %-> open")
  w.load:settle()
  -- Those that were under way when its silence was noticed, and the trials that brought the breaker to its minimum.
  local waited = #w.load:which(function(r) return r.finish - r.start >= world.per_try end)
  assert(waited >= MINIMUM and waited <= MINIMUM + w.load.clients, waited .. " requests have waited for it")
  over(w.bad)
  w:wait_news("half%-open %-> closed")
  w:wait_used(w.bad)
  w.load:finish()
  w:assert_lost_nothing()
  w:assert_posts_once()
  assert_one_try(w)
  w:assert_shares()
end


describe("a storm: an instance that stays silent", function()
  after_each(gate.cleanup)

  it("costs a request one perTry and is left alone", function()
    weather(world.start(gate), function(bad) bad:be("silent") end, function(bad) bad:be("ok") end)
  end)

  it("because its process is stopped, likewise", function()
    weather(world.start(gate), function(bad) bad:stop() end, function(bad) bad:continue() end)
  end)
end)
