-- SPDX-License-Identifier: Apache-2.0
-- A storm: an instance answers 500, under load of three instances and two workers; and the breaker by itself, in time.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.storm_world"


local MINIMUM, PROBES = 5, 3 -- the defaults of services[].breaker


local function is_500(record)
  return record.status == 500
end


describe("a storm: an instance that answers 500", function()
  after_each(gate.cleanup)

  it("reaches few clients before it is left alone, and none but probes after that", function()
    local w = world.start(gate)
    w.load:wait(300) -- it has been good for long
    w.bad:be("500")
    w:wait_news("closed %-> open")
    w.load:settle()
    local first, seen, rounds = #w.load:which(is_500), #w.bad:arrivals(), w:count_news("a probe failed")
    assert(first >= MINIMUM and first <= MINIMUM + w.load.clients, first .. " clients were answered 500")

    w.bad:be("500", 300 * gate.slow) -- so slow that whoever is let in comes while it is half open
    w:wait_news("a probe failed", rounds + 2)
    w.load:settle()
    assert.equal(seen + 2 * PROBES, #w.bad:arrivals())
    assert.equal(first + 2 * PROBES, #w.load:which(is_500))

    w.bad:be("ok")
    w:wait_news("half%-open %-> closed")
    w:wait_used(w.bad)
    w.load:finish()
    w:assert_lost_nothing()
    assert.equal(first + 2 * PROBES, #w.load:which(is_500))
    w:assert_shares()
  end)

  it("reaches nobody whose request may be repeated when retries.statuses says so", function()
    local w = world.start(gate, { service = { retries = { statuses = "500-599" } } })
    w.load:wait(300)
    w.bad:be("500")
    w:wait_news("closed %-> open")
    w.bad:be("ok")
    w:wait_news("half%-open %-> closed")
    w:wait_used(w.bad)
    w.load:finish()
    w:assert_lost_nothing()
    assert.equal(0, #w.load:which(is_500))
    w:assert_shares()
  end)


  -- With ten seconds for one: tests/unit/upstream/test_breaker.c, in virtual time.
  it("and is asked ten times, evenly, trips at the fifth and recovers through three probes", function()
    local status, open_for = 500, 1 * gate.slow
    local up = gate.upstream(function() return status, "x" end)
    local g = gate.proxy(up, { workers = 2, service = { breaker = { openFor = ("%dms"):format(open_for * 1000) } } })
    local function ask()
      gate.pause(0.05)
      return g:get("/").status
    end
    for _ = 2, MINIMUM do assert.equal(500, ask()) end
    local asked = gate.now() -- for the last time before it trips
    assert.equal(500, ask())
    g:wait_log("closed %-> open %(5 of 5 failed%)")
    for _ = 1, 5 do assert.equal(503, ask()) end
    assert.equal(MINIMUM, #up.requests)
    status = 200
    gate.eventually(function() return ask() == 200 end, "the first probe", 10)
    assert(gate.now() - asked > open_for, "after " .. gate.now() - asked)
    for _ = 2, PROBES do
      assert.is_nil((g:logged("half%-open %-> closed")))
      assert.equal(200, ask())
    end
    g:wait_log("half%-open %-> closed")
    assert.equal(MINIMUM + PROBES, #up.requests)
  end)
end)
