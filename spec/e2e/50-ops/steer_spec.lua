-- SPDX-License-Identifier: Apache-2.0
-- lunette drain, disable, enable and weight: said once, obeyed by all workers, over reloads and the deaths of workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("steering", function()
  after_each(gate.cleanup)

  local function start(options)
    options = options or {}
    local ups = {}
    for i = 1, options.count or 2 do ups[i] = gate.upstream { name = "up" .. i, handler = options.handler } end
    local g = gate.proxy(ups, { workers = 2, service = options.service })
    return g, ups
  end

  local function say(g, verb, ...)
    local words = { ... }
    words[#words + 1] = "--control"
    words[#words + 1] = g.control
    return gate.run(verb, unpack(words))
  end

  local function must(g, verb, ...)
    local r = say(g, verb, ...)
    assert.equal(0, r.code, r.err)
    return r.out
  end

  -- How many of n requests each of them gets.
  local function shares(g, ups, n)
    local before = {}
    for i, up in ipairs(ups) do before[i] = #up.requests end
    for _ = 1, n do assert.equal(200, g:get("/").status) end
    local got = {}
    for i, up in ipairs(ups) do got[i] = #up.requests - before[i] end
    return got
  end

  for _, verb in ipairs { "drain", "disable" } do
    it(verb .. " gives an instance no more requests, until it is enabled", function()
      local g, ups = start()
      assert.same({ 10, 10 }, shares(g, ups, 20))
      local out = must(g, verb, "main", ups[1].url)
      assert.equal(("main %s: %s, weight as configured, 0 requests in flight\n")
        :format(ups[1].url, verb == "drain" and "draining" or "disabled"), out)
      assert.same({ 0, 20 }, shares(g, ups, 20))
      assert.truthy(must(g, "enable", "main", ups[1].url):find(": enabled, ", 1, true))
      assert.same({ 10, 10 }, shares(g, ups, 20))
    end)
  end

  it("lets requests finish that an instance has", function()
    local answer = gate.gate()
    local g, ups = start {
      handler = function(request)
        if request.target == "/slow" then answer:wait() end
        return 200, "whole"
      end,
    }
    local c = gate.client(g)
    c:send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    gate.wait_until(function() return #ups[1].requests + #ups[2].requests == 1 end, "the request")
    local busy = #ups[1].requests == 1 and ups[1] or ups[2]
    assert.truthy(must(g, "drain", "main", busy.url):find(", 1 requests in flight", 1, true))
    answer:open()
    assert.equal("whole", c:read("GET").body)
    assert.equal(0, shares(g, { busy }, 10)[1])
  end)

  it("answers 503 when no instance is left, and serves again", function()
    local g, ups = start()
    for _, up in ipairs(ups) do must(g, "disable", "main", up.url) end
    local r = g:get("/")
    assert.equal(503, r.status)
    assert.equal("no_healthy_backend", r.headers["X-Lunette-Reason"])
    must(g, "enable", "main", ups[2].url)
    assert.same({ 0, 5 }, shares(g, ups, 5))
  end)

  it("counts a weight exactly over all workers, and takes it back", function()
    local g, ups = start { count = 3, service = { strategy = "weighted_round_robin" } }
    assert.truthy(must(g, "weight", "main", ups[1].url, "5"):find(": enabled, weight 5, ", 1, true))
    must(g, "weight", "main", ups[2].url, "3")
    must(g, "weight", "main", ups[3].url, "2")
    shares(g, ups, 40) -- every worker has picked since
    assert.same({ 100, 60, 40 }, shares(g, ups, 200))
    for _, up in ipairs(ups) do must(g, "weight", "main", up.url, "default") end
    shares(g, ups, 40)
    assert.same({ 20, 20, 20 }, shares(g, ups, 60))
  end)

  it("counts a weight in round_robin, too", function()
    local g, ups = start()
    must(g, "weight", "main", ups[1].url, "3")
    shares(g, ups, 40)
    assert.same({ 30, 10 }, shares(g, ups, 40))
  end)

  it("survives reloads and the deaths of workers", function()
    local g, ups = start { count = 3 }
    must(g, "drain", "main", ups[1].url)
    must(g, "weight", "main", ups[2].url, "4")
    assert.equal(0, g:cli("reload", "--control", g.control).code)
    shares(g, ups, 40)
    assert.equal(0, shares(g, ups, 40)[1])
    g:expect "was killed by signal 9"
    g:wait_workers(2, { g:kill_worker(1) })
    shares(g, ups, 40)
    local got = shares(g, ups, 50)
    assert.equal(0, got[1])
    assert.is_true(math.abs(got[2] - 40) <= 4, got[2])
    assert.truthy(must(g, "enable", "main", ups[2].url):find("enabled, weight 4, ", 1, true))
  end)

  it("takes an address without its scheme, and knows the nearest name", function()
    local g, ups = start()
    must(g, "drain", "main", ups[1].address)
    local r = say(g, "drain", "mian", ups[1].url)
    assert.equal(1, r.code)
    assert.equal('lunette: no service "mian"; did you mean "main"?\nthere are: main\n', r.err)
    r = say(g, "disable", "main", ups[2].url .. "1")
    assert.equal(1, r.code)
    assert.equal(('lunette: no instance "%s1" of main; did you mean "%s"?\nthere are: %s, %s\n')
      :format(ups[2].url, ups[2].url, ups[1].url, ups[2].url), r.err)
    assert.same({ 0, 10 }, shares(g, ups, 10))
  end)

  it("refuses what is no weight, and what is no command", function()
    local g, ups = start()
    for _, n in ipairs { "0", "65536", "+1", "1.5", "many", "99999999999999999999" } do
      local r = say(g, "weight", "main", ups[1].url, n)
      assert.equal(1, r.code, n)
      assert.equal(('lunette: expected a weight from 1 to 65535, or "default", got "%s"\n'):format(n), r.err)
    end
    for _, words in ipairs { {}, { "main" }, { "main", ups[1].url, "x" }, { "main", "a b" }, { "main", "" } } do
      local r = say(g, "drain", unpack(words))
      assert.equal(2, r.code)
      assert.equal("lunette: expected `lunette drain SERVICE INSTANCE`\n", r.err)
    end
    assert.equal(2, say(g, "drain", "main", ("x"):rep(4000)).code)
    must(g, "weight", "main", ups[1].url, "65535")
    assert.same({ 5, 5 }, (function()
      must(g, "weight", "main", ups[1].url, "default")
      shares(g, ups, 40)
      return shares(g, ups, 10)
    end)())
  end)
end)
