-- SPDX-License-Identifier: Apache-2.0
-- An instance is one instance, and what its name stands for is followed without a reload.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local NAME = "users.test"


describe("the name of an instance", function()
  after_each(gate.cleanup)

  local ns, ups

  local function start(options)
    options = options or {}
    options.workers = 2
    options.gateway = {
      resolver = {
        servers = { ns.address }, minTtl = "20ms", maxTtl = "50ms",
        timeout = ("%dms"):format(200 * gate.slow), tries = 1,
      },
    }
    local g = gate.proxy({ ("http://%s:%d"):format(NAME, ups[1].port) }, options)
    if ns.names[NAME] then g:wait_log("is now", 20) end
    return g
  end

  local function send(g, n)
    local got = {}
    for i, up in ipairs(ups) do got[i] = -#up.requests end
    for _ = 1, n do assert.equal(200, g:get("/").status) end
    for i, up in ipairs(ups) do got[i] = got[i] + #up.requests end
    return got
  end

  before_each(function()
    ns, ups = gate.nameserver(), gate.neighbours(2)
    ns:set(NAME, { a = { "127.0.0.1" } })
  end)

  it("may come to stand for another machine", function()
    local g = start()
    assert.same({ 8, 0 }, send(g, 8))
    ns:set(NAME, { a = { "127.0.0.2" } })
    g:wait_log("names main .*: is now http://127.0.0.2")
    assert.same({ 0, 8 }, send(g, 8))
    ups[1]:wait_open(0) -- nothing is kept that leads to the old one
    assert.equal(NAME .. ":" .. ups[1].port, ups[2]:last().headers["Host"])
  end)

  it("finds a machine that has moved while it was down", function()
    local g = start()
    assert.same({ 1, 0 }, send(g, 1))
    ups[1]:go_down()
    for _ = 1, 4 do assert.is_true(g:get("/").status >= 502) end
    g:wait_log("instance .* is down")
    ns:set(NAME, { a = { "127.0.0.2" } })
    g:wait_log("is now http://127.0.0.2")
    assert.same({ 0, 4 }, send(g, 4)) -- at once: the other one was held against nobody
  end)

  it("with several addresses is one instance that tries them in turn", function()
    ups[1]:go_down()
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2" } })
    local g = start()
    assert.same({ 0, 4 }, send(g, 4))
    local r = g:cli("instances", "--control", g.control, "--json")
    assert.equal(1, #gate.json.decode(r.out).instances)
  end)

  it("may be unknown at first", function()
    ns:set(NAME, nil)
    local g = start()
    g:wait_log("names main .*: it has no addresses now")
    assert.is_true(g:get("/").status >= 502)
    ns:set(NAME, { a = { "127.0.0.2" } })
    g:wait_log("is now http://127.0.0.2")
    assert.same({ 0, 4 }, send(g, 4))
  end)

  for what, answer in pairs { unknown = false, ["without addresses"] = {}, ["not to be had"] = "servfail" } do
    it("keeps its last addresses when it is " .. what, function()
      local g = start()
      assert.same({ 4, 0 }, send(g, 4))
      ns:set(NAME, answer or nil)
      g:wait_log("its last addresses stay")
      assert.same({ 4, 0 }, send(g, 4))
      assert.equal(0, g:reload().code)
      assert.same({ 4, 0 }, send(g, 4))
      ns:set(NAME, { a = { "127.0.0.2" } })
      g:wait_log("is now http://127.0.0.2", 10)
      assert.same({ 0, 4 }, send(g, 4))
    end)
  end

  it("is nobody's affair when it is an address", function()
    local g = gate.proxy({ ups[1].url }, {
      gateway = { resolver = { servers = { ns.address }, minTtl = "20ms" } } })
    assert.same({ 4, 0 }, send(g, 4))
    assert.same({}, ns.asked)
  end)
end)
