-- SPDX-License-Identifier: Apache-2.0
-- Workers whose supervisor dies finish what they serve and go.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a supervisor that is killed", function()
  after_each(gate.cleanup)

  it("takes its workers with it, after what they were serving", function()
    local open = gate.gate("the answer")
    local up = gate.upstream(function()
      open:wait()
      return 200, "finished"
    end)
    local g = gate.proxy(up, { workers = 1, expect = { "" } })
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    up:wait_requests(1)
    local worker = g:workers()[1]
    g:signal(gate.process.KILL)
    assert.equal("signal 9", g:wait_exit())
    open:open()
    assert.equal("finished", c:read().body)
    gate.eventually(function() return not gate.exists(worker) end, "the worker's end", 10)
  end)
end)
