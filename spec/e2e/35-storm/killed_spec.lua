-- SPDX-License-Identifier: Apache-2.0
-- A storm: an instance is killed, once and every moment, under load of three instances and two workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.storm_world"


describe("a storm: an instance that is killed", function()
  after_each(gate.cleanup)

  it("costs no request that may be repeated, and is used again when it is back", function()
    local w = world.start(gate, { posts = 5 })
    w.load:wait(100)
    w.bad:kill()
    w.load:wait(300)
    w.bad:start()
    w:wait_used(w.bad)
    w.load:finish()
    w:assert_lost_nothing()
    w:assert_posts_once()
    w:assert_shares()
  end)

  it("is used again although its answers take longer than it was left alone", function()
    local w = world.start(gate, { clients = 12 })
    w.load:wait(50)
    w.bad:kill()
    w.load:wait(100)
    w.bad:start()
    w.bad:be("ok", 300 * gate.slow)
    w.g:wait_log("instance " .. w.bad.url .. " of main is back")
    w.load:finish()
    w:assert_lost_nothing()
  end)

  it("with all the others is answered for by 503, and all of them are used again", function()
    local w = world.start(gate)
    w.load:wait(50)
    for _, instance in ipairs(w.instances) do instance:kill() end
    w.load:wait(100)
    w.load:settle()
    local from = #w.load.records
    w.load:wait(20)
    local told = { [502] = 0, [503] = 0 } -- 502: a trial of an instance that is down
    for _, r in ipairs(w.load:which(function(r) return r.id > from end)) do told[r.status] = told[r.status] + 1 end
    assert.is_true(told[503] > told[502], ("503 %d times, 502 %d times"):format(told[503], told[502]))
    for _, instance in ipairs(w.instances) do instance:start() end
    for _, instance in ipairs(w.instances) do w:wait_used(instance) end
    w.load:finish()
    w:assert_shares()
  end)

  it("costs none, either, when it is killed and comes back again and again", function()
    local w = world.start(gate, { posts = 5 })
    for _ = 1, 6 do
      w.load:wait(60)
      w.bad:kill()
      w.load:wait(60)
      w.bad:start()
    end
    w:wait_used(w.bad)
    w.load:finish()
    w:assert_lost_nothing()
    w:assert_posts_once()
    w:assert_shares()
  end)
end)
