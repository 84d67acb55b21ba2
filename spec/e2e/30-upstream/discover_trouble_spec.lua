-- SPDX-License-Identifier: Apache-2.0
-- Name servers in trouble, and what they say of names that have gone: who is discovered stays, and who leaves, when.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local NAME = "users.test"


describe("a name under discover", function()
  after_each(gate.cleanup)

  local ns, ups

  local function start(resolver, options)
    options = options or {}
    options.workers = 2
    options.gateway = {
      resolver = {
        servers = { ns.address }, minTtl = "20ms", maxTtl = "50ms",
        timeout = ("%dms"):format(200 * gate.slow), tries = 1,
      },
    }
    for key, value in pairs(resolver or {}) do options.gateway.resolver[key] = value end
    local g = gate.proxy({ { url = ("http://%s:%d"):format(NAME, ups[1].port), discover = "addresses" } }, options)
    if ns.names[NAME] ~= "silent" then g:wait_log("joined: ", 20) end
    return g
  end

  local function send(g, n)
    local got = {}
    for i, up in ipairs(ups) do got[i] = -#up.requests end
    for _ = 1, n do assert.equal(200, g:get("/").status) end
    for i, up in ipairs(ups) do got[i] = got[i] + #up.requests end
    return got
  end

  local function times(g, pattern)
    return select(2, g:log():gsub(pattern, ""))
  end

  before_each(function()
    ns, ups = gate.nameserver(), gate.neighbours(3)
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2" } })
  end)

  for _, trouble in ipairs { "servfail", "refused", "silent", "garbage", "cut" } do
    it("keeps its instances while servers are in trouble: " .. trouble, function()
      local g = start()
      assert.same({ 5, 5, 0 }, send(g, 10))
      ns:set(NAME, trouble)
      g:wait_log("warn .*names main .*: the name servers do not answer: its instances stay")
      ns:wait_asked(NAME, 2, 20) -- another round, for both families
      assert.same({ 5, 5, 0 }, send(g, 10))
      assert.equal(1, times(g, "do not answer"))
      assert.equal(0, times(g, " left: "))
      ns:set(NAME, { a = { "127.0.0.2", "127.0.0.3" } })
      g:wait_log("info .*names main .*: there are answers again", 20)
      g:wait_log("1 left: ")
      assert.same({ 0, 5, 5 }, send(g, 10))
    end)
  end

  it("keeps them over a reload and the death of a worker, too", function()
    local g = start()
    ns:set(NAME, "servfail")
    g:wait_log("do not answer")
    assert.equal(0, g:reload().code)
    g:expect("worker %d %(pid %d+%) was killed")
    local pid = g:kill_worker(1)
    g:wait_workers(2, { pid })
    assert.same({ 5, 5, 0 }, send(g, 10))
    assert.equal(1, times(g, "do not answer"))
  end)

  for what, answer in pairs { ["there is no such name"] = false, ["it has no addresses"] = {} } do
    it("believes after a while that " .. what, function()
      local g = start { hold = ("%dms"):format(500 * gate.slow) }
      assert.same({ 5, 5, 0 }, send(g, 10))
      local from = gate.now()
      ns:set(NAME, answer or nil)
      g:wait_log("warn .*it has no addresses now: its instances stay for gateway.resolver.hold")
      assert.same({ 5, 5, 0 }, send(g, 10))
      g:wait_log("2 left: ")
      assert.is_true(gate.now() - from >= 0.5 * gate.slow)
      assert.equal(503, g:get("/").status)
      ns:set(NAME, { a = { "127.0.0.3" } })
      g:wait_log("1 joined: http://127.0.0.3")
      assert.same({ 0, 0, 5 }, send(g, 5))
      assert.equal(1, times(g, "no addresses now"))
      g:wait_log("there are answers again")
      assert.equal(1, times(g, "there are answers again"))
    end)
  end

  it("does not take a short absence for an end", function()
    local g = start { hold = "30s" }
    send(g, 1)
    ns:set(NAME, nil)
    g:wait_log("it has no addresses now")
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2" } })
    g:wait_log("there are answers again")
    assert.equal(0, times(g, " left: "))
    assert.same({ 5, 5, 0 }, send(g, 10))
  end)

  it("asks neither sooner than minTtl nor later than maxTtl", function()
    ns:set(NAME, { a = { "127.0.0.1" }, ttl = 86400 })
    local g = start()
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2" }, ttl = 0 })
    g:wait_log("1 joined: http://127.0.0.2")
    local text = g.dir:read("gateway.yaml"):gsub('"20ms"', '"10s"'):gsub('"50ms"', '"10s"')
    g.dir:write("gateway.yaml", text)
    assert.equal(0, g:reload().code)
    gate.eventually(function()
      local asked = ns.asked[NAME]
      gate.pause(0.3)
      return ns.asked[NAME] == asked
    end, "an end of the questions")
    assert.same({ 5, 5, 0 }, send(g, 10))
  end)

  it("answers over TCP when there are many", function()
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2", "127.0.0.3" }, truncated = true })
    assert.same({ 2, 2, 2 }, send(start(), 6))
  end)

  it("keeps the addresses of a family that cannot be had", function()
    local six = gate.upstream { address = "[::1]:" .. ups[1].port }
    ns:set(NAME, { a = { "127.0.0.1" }, aaaa = { "::1" } })
    local g = start()
    g:wait_log("2 joined: ")
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2" }, fails = "aaaa" })
    g:wait_log("1 joined: http://127.0.0.2")
    assert.same({ 4, 4, 0 }, send(g, 12))
    assert.equal(4, #six.requests)
    ns:set(NAME, { a = { "127.0.0.1", "127.0.0.2" } })
    g:wait_log("1 left: http://%[::1%]")
    assert.same({ 4, 4, 0 }, send(g, 8))
  end)

  it("makes requests wait for its first answer, and not for long when there is none", function()
    ns:set(NAME, "silent")
    local g = start({ timeout = "500ms" }, { service = { queue = { timeout = "10s" } } })
    local early = gate.go("early", function() return g:get("/") end)
    gate.wait_until(function() return (ns.asked[NAME] or 0) > 0 end, "the first question")
    assert.equal(503, early:join(20).status)
    assert.equal(503, g:get("/").status)
    ns:set(NAME, { a = { "127.0.0.1" } })
    g:wait_log("1 joined: ", 20)
    assert.same({ 3, 0, 0 }, send(g, 3))
  end)
end)
