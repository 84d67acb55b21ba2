-- SPDX-License-Identifier: Apache-2.0
-- A storm in the gateway itself: one worker is killed, another one stopped, under load and while a breaker is half open.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.storm_world"


local PROBES = 3 -- the default of services[].breaker


local function kill_worker(w, number)
  local old = w.g:workers()
  local pid = w.g:kill_worker(number)
  gate.eventually(function() return not gate.exists(pid) end, "its end")
  w.g:wait_workers(#old, { pid }, 20)
end


describe("a storm: a worker", function()
  after_each(gate.cleanup)

  it("that is killed costs what it had in its hands, and nothing after that", function()
    local w = world.start(gate, { posts = 5, expect = { "worker %d+ %(pid %d+%)" } })
    w.load:wait(100)
    for number = 1, 2 do
      kill_worker(w, number)
      w.load:settle()
      w.load:wait(100)
    end
    w.load:finish()
    local cut = #w.load:which(function(r) return r.status ~= 200 end)
    assert(cut <= 2 * w.load.clients, cut .. " requests were lost")
    w:assert_posts_once()
    w:assert_in_flight(0)
    w:assert_shares()
  end)

  it("that is killed with probes in its hands leaks none of them", function()
    local w = world.start(gate, { expect = { "worker %d+ %(pid %d+%)" } })
    w.load:wait(100)
    w.bad:be("500")
    w:wait_news("closed %-> open")
    w.load:settle()
    local seen = #w.bad:arrivals()
    w.bad:be("ok", 60000) -- probes that nobody answers
    w:wait_news("half%-open, 3 probes")
    gate.eventually(function() return #w.bad:arrivals() == seen + PROBES end, "all the probes")
    for number = 1, 2 do kill_worker(w, number) end
    assert.equal(seen + PROBES, #w.bad:arrivals())
    w.bad:be("ok")
    w:wait_news("half%-open %-> closed")
    w:wait_used(w.bad)
    w.load:finish()
    w:assert_in_flight(0)
    w:assert_shares()
  end)

  -- It finds its timers over and what instances have answered unread: that is no fault of theirs.
  it("that is stopped keeps only its own clients waiting, and blames nobody", function()
    local w = world.start(gate, { clients = 32 }) -- the kernel chooses by hash: so many that the other one has some
    w.load:wait(100)
    local pid = w.g:workers()[1]
    gate.process.kill(pid, gate.process.STOP)
    gate.pause(2 * world.per_try)
    w.load:wait(100) -- by the clients of the other one
    gate.process.kill(pid, gate.process.CONT)
    w.load:settle()
    assert.is_nil((w.g:logged("is down")))
    w.load:wait(100)
    w.load:finish()
    w:assert_lost_nothing()
    w:assert_in_flight(0)
    w:assert_shares()
  end)
end)
