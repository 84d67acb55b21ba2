-- SPDX-License-Identifier: Apache-2.0
-- One gateway per control socket and port.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a second gateway", function()
  after_each(gate.cleanup)

  it("with the same control socket is refused, and the first goes on", function()
    local g = gate.proxy(gate.upstream())
    local r = gate.run("run", "-c", g.dir:join("gateway.yaml"), "--control", g.control)
    assert.equal(1, r.code)
    assert.matches(g.control, r.err, 1, true)
    assert.equal(200, g:get("/").status)
    assert.equal(0, g:reload().code)
  end)

  it("on the same port is refused, and the first goes on", function()
    local g = gate.proxy(gate.upstream())
    local d = gate.files { gateway = { port = g.address } }
    local r = gate.run("run", "-c", d:join("gateway.yaml"), "--control", d:join("ctl"))
    assert.equal(1, r.code)
    assert.matches(tostring(g.port), r.err, 1, true)
    for _ = 1, 10 do assert.equal(200, g:get("/").status) end
  end)

  it("may start when the first one was killed", function()
    local g = gate.proxy(gate.upstream(), { expect = { "" } })
    g:signal(gate.process.KILL)
    g:wait_exit()
    gate.eventually(function() return not g.process:has_leftovers() end, "the workers' end", 10)
    local again = gate.process.start(os.getenv("LUNETTE_BIN") or gate.root .. "/build/lunette",
      { "run", "-c", g.dir:join("gateway.yaml"), "--report", "3", "--control", g.control })
    local ok = pcall(gate.wait_until, function() return again.report.text:find("ready") end, "readiness")
    again:signal(gate.process.TERM)
    local code = again:wait()
    again:destroy()
    assert.is_true(ok, again.err.text)
    assert.equal(0, code)
  end)
end)
