-- SPDX-License-Identifier: Apache-2.0
-- A storm: an instance resets connections in the middle of its responses, under load of three instances and two workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.storm_world"


local MINIMUM, PROBES = 5, 3 -- the defaults of services[].breaker


describe("a storm: an instance that resets connections", function()
  after_each(gate.cleanup)

  it("in the middle of the head costs no request that may be repeated", function()
    local w = world.start(gate, { posts = 5 })
    w.load:wait(300)
    w.bad:be("reset-head")
    w:wait_news("closed %-> open")
    w:wait_news("half%-open %-> open")
    w.bad:be("ok")
    w:wait_news("half%-open %-> closed")
    w:wait_used(w.bad)
    w.load:finish()
    w:assert_lost_nothing()
    w:assert_posts_once()
    w:assert_shares()
  end)

  -- What the client has of a response cannot be taken back; so all that can be done is to ask others.
  for _, mode in ipairs { "reset-body", "reset-chunks" } do
    it("in the middle of the content is left alone at the breaker's minimum: " .. mode, function()
      local w = world.start(gate)
      w.load:wait(300)
      w.bad:be(mode)
      w:wait_news("closed %-> open")
      w:wait_news("half%-open %-> open")
      w.load:settle()
      local cut = #w.load:which(function(r) return r.status == nil end)
      assert(cut >= MINIMUM and cut <= MINIMUM + w.load.clients + PROBES, cut .. " responses were cut off")
      w.bad:be("ok")
      w:wait_news("half%-open %-> closed")
      w:wait_used(w.bad)
      w.load:finish()
      w:assert_lost_nothing()
      w:assert_shares()
    end)
  end
end)
