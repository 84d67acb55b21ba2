-- SPDX-License-Identifier: Apache-2.0
-- discover: srv: an instance of each SRV record of a name, with its port, weight and priority.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local NAME = "_http._tcp.users.test"


describe("discover: srv", function()
  after_each(gate.cleanup)

  local ns, ups

  -- Each argument is { number of the upstream, priority, weight }.
  local function say(...)
    local records = {}
    for i, r in ipairs { ... } do
      records[i] = { r[2], r[3], ups[r[1]].port, ("host%d.test"):format(r[1]) }
      ns:set(("host%d.test"):format(r[1]), { a = { "127.0.0.1" } })
    end
    ns:set(NAME, { srv = records })
  end

  local function start(options)
    options = options or {}
    options.gateway = {
      resolver = {
        servers = { ns.address }, minTtl = "20ms", maxTtl = "50ms",
        timeout = ("%dms"):format(200 * gate.slow), tries = 1,
      },
    }
    options.service = { strategy = "weighted_round_robin" }
    options.workers = 2
    local g = gate.proxy({ { url = "http://" .. NAME, discover = "srv" } }, options)
    g:wait_log("joined: ", 20)
    return g
  end

  local function send(g, n)
    local got = {}
    for i, up in ipairs(ups) do got[i] = -#up.requests end
    for _ = 1, n do assert.equal(200, g:get("/").status) end
    for i, up in ipairs(ups) do got[i] = got[i] + #up.requests end
    return got
  end

  -- What reports say of the upstreams.
  local function weights(g)
    local text, told = g:cli("metrics", "--control", g.control).out, {}
    for i, up in ipairs(ups) do
      local sample = 'lunette_instance_weight{service="main",instance="http://127.0.0.1:' .. up.port .. '"}'
      told[i] = tonumber(text:match("\n" .. sample:gsub("%p", "%%%0") .. " ([^ \n]+)"))
    end
    return told
  end

  before_each(function()
    ns, ups = gate.nameserver(), {}
    for i = 1, 3 do ups[i] = gate.upstream { name = "host " .. i } end
  end)

  it("takes ports and weights from the records, and their changes", function()
    say({ 1, 10, 3 }, { 2, 10, 1 })
    local g = start()
    assert.same({ 30, 10, 0 }, send(g, 40))
    say({ 1, 10, 1 }, { 2, 10, 1 }, { 3, 10, 2 })
    g:wait_log("1 joined: http://127.0.0.1:" .. ups[3].port)
    assert.same({ 10, 10, 20 }, send(g, 40))
    assert.same({ 1, 1, 2 }, weights(g)) -- reports say so, too
  end)

  it("calls the host by the name without service and protocol", function()
    say({ 1, 0, 0 })
    local g = start()
    assert.equal(200, g:get("/").status)
    assert.equal("users.test", ups[1]:last().headers["Host"])
    assert.equal("127.0.0.1:" .. ups[1].port, ups[1]:last().headers["X-Origin-Host"])
  end)

  it("keeps those of a higher priority number for when all others are down", function()
    say({ 1, 10, 1 }, { 2, 20, 1 })
    local g = start()
    assert.same({ 10, 0, 0 }, send(g, 10))
    ups[1]:go_down()
    assert.same({ 0, 10, 0 }, send(g, 10))
    ups[1]:come_back()
    gate.eventually(function() return send(g, 1)[1] == 1 end)
    say({ 2, 5, 1 }, { 1, 20, 1 }) -- the other way round
    gate.eventually(function() return send(g, 4)[2] == 4 end)
  end)

  it("keeps the instances of a target that cannot be looked up", function()
    say({ 1, 10, 1 }, { 2, 10, 1 })
    local g = start()
    assert.same({ 5, 5, 0 }, send(g, 10))
    ns:set("host2.test", "servfail")
    ns:wait_asked("host2.test", 4)
    assert.same({ 5, 5, 0 }, send(g, 10))
    ns:set("host2.test", nil) -- there is no such host: that is an answer
    g:wait_log("1 left: http://127.0.0.1:" .. ups[2].port)
    assert.same({ 10, 0, 0 }, send(g, 10))
  end)

  it("takes a target that cannot be a name for nobody", function()
    say({ 1, 10, 1 }, { 2, 10, 1 })
    local g = start()
    assert.same({ 5, 5, 0 }, send(g, 10))
    ns:set(NAME, { srv = { { 10, 1, ups[1].port, "host1.test" }, { 10, 1, 80, "not!a.name" } } })
    g:wait_log("1 left: http://127.0.0.1:" .. ups[2].port)
    assert.same({ 10, 0, 0 }, send(g, 10))
    say({ 1, 10, 1 }, { 2, 10, 1 })
    gate.eventually(function() return send(g, 2)[2] == 1 end)
  end)

  it("is refused where names may stand for more instances than a service can have", function()
    say({ 1, 0, 1 })
    local function list(n)
      local names = { { url = "http://" .. NAME, discover = "srv", discoverMax = 250 } }
      for i = 2, n do
        table.insert(names, 1, { url = ("http://_%d._tcp.test"):format(i), discover = "srv", discoverMax = 250 })
      end
      return names
    end
    local d = gate.files { services = { { name = "x", instances = list(132) } } }
    local r = gate.run("check", "-c", d:join("gateway.yaml"))
    assert.equal(1, r.code)
    assert.matches("services%[0%].instances: the service has more than 65535 instances with this one", r.err .. r.out)
    local g = gate.proxy(list(131), { workers = 1, gateway = { resolver = { servers = { ns.address } } } })
    g:wait_log("joined: ", 20)
    assert.equal(200, g:get("/").status)
  end)

  it("is refused with a port, an address or a socket", function()
    for url, sentence in pairs {
      ["http://_http._tcp.users.test:80"] = "expected a name without a port",
      ["http://127.0.0.1"] = "expected a name, because of discover",
      ["http://[::1]"] = "expected a name, because of discover",
      ["unix:x.sock"] = "expected a name, because of discover",
    } do
      local d = gate.files { services = { { name = "x", instances = { { url = url, discover = "srv" } } } } }
      local r = gate.run("check", "-c", d:join("gateway.yaml"))
      assert.equal(1, r.code)
      assert.is_truthy((r.err .. r.out):find("services[0].instances[0].url: got \"", 1, true), r.err .. r.out)
      assert.is_truthy((r.err .. r.out):find(sentence, 1, true), r.err .. r.out)
    end
    say({ 1, 0, 1 })
    assert.equal(200, start():get("/").status)
  end)
end)
