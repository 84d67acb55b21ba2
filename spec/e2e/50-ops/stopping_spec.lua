-- SPDX-License-Identifier: Apache-2.0
-- TERM drains, a second TERM or QUIT stops now.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("stopping", function()
  after_each(gate.cleanup)

  local function serving(options)
    local open = gate.gate("the answer")
    local up = gate.upstream(function(request)
      if request.target == "/slow" then open:wait() end
      return 200, "done"
    end)
    options = options or {}
    options.gateway = options.gateway or { drainTimeout = "30s" }
    local g = gate.proxy(up, options)
    local c = gate.client(g):send(gate.http.request("GET", "/slow"))
    up:wait_requests(1)
    return g, c, open
  end

  it("TERM with nothing to do: exit 0 at once", function()
    local g = gate.proxy(gate.upstream())
    g:get("/")
    local idle = gate.client(g)
    idle:get("/")
    local from = gate.now()
    g:signal(gate.process.TERM)
    assert.equal(0, g:wait_exit())
    assert.is_true(gate.now() - from < 2 * gate.slow)
    assert.is_true(idle:is_closed())
  end)

  it("INT is the same", function()
    local g = gate.proxy(gate.upstream())
    g:signal(gate.process.INT)
    assert.equal(0, g:wait_exit())
  end)

  it("TERM lets a running request finish, and closes its connection after it", function()
    local g, c, open = serving()
    g:signal(gate.process.TERM)
    gate.eventually(function() return not pcall(gate.connect, g.address) end, "the end of accepting")
    open:open()
    local r = c:read()
    assert.equal("done", r.body)
    assert.equal("close", r.headers["Connection"])
    assert.is_true(c:is_closed())
    assert.equal(0, g:wait_exit())
  end)

  it("TERM: nothing stays behind", function()
    local g = gate.proxy(gate.upstream(), { workers = 3 })
    g:signal(gate.process.TERM)
    assert.equal(0, g:wait_exit())
    assert.is_false(g.process:has_leftovers())
    assert.is_nil(g.dir:read("ctl"))
  end)

  it("drainTimeout bounds the draining", function()
    local g, c = serving { gateway = { drainTimeout = "300ms" } }
    local from = gate.now()
    g:signal(gate.process.TERM)
    g:wait_exit()
    assert.is_true(gate.now() - from < 3 * gate.slow)
    c:close()
  end)

  it("a second TERM within a second counts once; after it, it stops now", function()
    local g, c = serving()
    g:signal(gate.process.TERM)
    g:signal(gate.process.TERM)
    gate.pause(0.5)
    assert.is_true(g.process:is_running())
    gate.pause(0.7)
    g:signal(gate.process.TERM)
    local from = gate.now()
    g:wait_exit()
    assert.is_true(gate.now() - from < 2 * gate.slow)
    c:close()
  end)

  it("QUIT stops now", function()
    local g, c = serving()
    local from = gate.now()
    g:signal(gate.process.QUIT)
    g:wait_exit()
    assert.is_true(gate.now() - from < 2 * gate.slow)
    assert.is_false(g.process:has_leftovers())
    c:close()
  end)

  it("drainDelay: goes on accepting for so long", function()
    local g = gate.proxy(gate.upstream(), { gateway = { drainDelay = "2s" } })
    local from = gate.now()
    g:signal(gate.process.TERM)
    gate.pause(0.1)
    assert.equal(200, g:get("/").status)
    assert.equal(0, g:wait_exit())
    assert.is_true(gate.now() - from >= 1.95)
  end)
end)
