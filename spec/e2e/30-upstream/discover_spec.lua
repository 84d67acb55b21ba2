-- SPDX-License-Identifier: Apache-2.0
-- instances: [{ url: ..., discover: addresses }]: instances come and go with the addresses of a name, without a reload.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local NAME = "users.test"


describe("a name under discover", function()
  after_each(gate.cleanup)

  local ns

  local function say(...)
    local a = {}
    for i, n in ipairs { ... } do a[i] = "127.0.0." .. n end
    ns:set(NAME, { a = a })
  end

  local function url(ups, i)
    return ("http://127.0.0.%d:%d"):format(i, ups[1].port)
  end

  local function start(ups, options)
    options = options or {}
    options.workers = options.workers or 2
    options.gateway = { resolver = { servers = { ns.address }, minTtl = "20ms" } }
    local entry = { url = ("http://%s:%d"):format(NAME, ups[1].port), discover = "addresses" }
    for key, value in pairs(options.entry or {}) do entry[key] = value end
    options.entry = nil
    local g = gate.proxy({ entry }, options)
    g:wait_log("joined: ", 20)
    return g
  end

  local function counts(ups)
    local n = {}
    for i, up in ipairs(ups) do n[i] = #up.requests end
    return n
  end

  -- Sends that many, and tells who got how many of them.
  local function send(g, ups, n)
    local before = counts(ups)
    for _ = 1, n do assert.equal(200, g:get("/").status) end
    local after = counts(ups)
    for i in ipairs(ups) do after[i] = after[i] - before[i] end
    return after
  end

  local function instances(g)
    local r = g:cli("instances", "--control", g.control, "--json")
    assert.equal(0, r.code, r.err)
    local by_url = {}
    for _, i in ipairs(gate.json.decode(r.out).instances) do by_url[i.url] = i end
    return by_url
  end

  before_each(function() ns = gate.nameserver() end)

  it("shares requests exactly over its addresses, those that come and those that stay", function()
    local ups = gate.neighbours(4)
    say(1, 2, 3)
    local g = start(ups)
    assert.same({ 40, 40, 40, 0 }, send(g, ups, 120))
    say(1, 2, 3, 4)
    g:wait_log("1 joined: " .. url(ups, 4):gsub("%p", "%%%0"))
    assert.same({ 30, 30, 30, 30 }, send(g, ups, 120))
    say(2, 4)
    g:wait_log("2 left: ")
    assert.same({ 0, 60, 0, 60 }, send(g, ups, 120))
  end)

  it("is what Host says, and X-Origin-Host is who was chosen", function()
    local ups = gate.neighbours(1)
    say(1)
    local g = start(ups, { entry = { url = ("http://%s:%d/base"):format(NAME, ups[1].port) } })
    assert.equal(200, g:get("/x").status)
    assert.equal(NAME .. ":" .. ups[1].port, ups[1]:last().headers["Host"])
    assert.equal("127.0.0.1:" .. ups[1].port, ups[1]:last().headers["X-Origin-Host"])
    assert.equal("/base/x", ups[1]:last().target)
    assert.is_truthy(instances(g)[url(ups, 1) .. "/base"])
  end)

  it("lets who leaves finish what runs, gives it nothing new, and closes its connections", function()
    local held = gate.gate()
    local ups = gate.neighbours(2, { handler = function(request, _, self)
      if request.target == "/held" then held:wait() end
      return 200, self.name
    end })
    say(1)
    local g = start(ups)
    for _ = 1, 8 do g:get("/") end -- leaves idle connections in both workers
    local running = gate.go("running", function() return g:get("/held") end)
    gate.wait_until(function() return ups[1]:last().target == "/held" end, "the request that is held")
    say(2)
    g:wait_log("1 left: ")
    assert.equal("leaving", instances(g)[url(ups, 1)].state)
    assert.same({ 0, 20 }, send(g, ups, 20))
    ups[1]:wait_open(1) -- idle ones have gone, though nobody asks their workers
    held:open()
    assert.equal(200, running:join().status)
    ups[1]:wait_open(0)
    gate.eventually(function() return instances(g)[url(ups, 1)] == nil end)
  end)

  it("binds no client to one that has left meanwhile", function()
    local held = gate.gate()
    local ups = gate.neighbours(2, { handler = function(request, _, self)
      if request.target == "/held" then held:wait() end
      return 200, self.name
    end })
    say(1)
    local g = start(ups, { service = { sticky = { cookie = "route" } } })
    local running = gate.go("running", function() return g:get("/held") end)
    gate.wait_until(function() return #ups[1].requests == 1 end, "the request that is held")
    say(2)
    g:wait_log("1 left: ")
    assert.same({ 0, 40 }, send(g, ups, 40)) -- so many that each worker has some: both know
    held:open()
    local r = running:join()
    assert.same({ 200, "neighbour 1" }, { r.status, r.body })
    assert.is_nil(r.headers["Set-Cookie"])
    assert.matches("^route=", g:get("/").headers["Set-Cookie"])
  end)

  it("moves no key of consistent_hash but of who comes or leaves", function()
    local ups = gate.neighbours(3)
    say(1, 2, 3)
    local g = start(ups, { service = { strategy = "consistent_hash", hashOn = "path" } })
    local function owners()
      local of = {}
      for key = 1, 60 do of[key] = g:get("/" .. key).body end
      return of
    end
    local before = owners()
    say(1, 3)
    g:wait_log("1 left: ")
    for key, owner in ipairs(owners()) do
      if before[key] ~= "neighbour 2" then assert.equal(before[key], owner) end
    end
    say(1, 2, 3)
    g:wait_log("1 joined: " .. url(ups, 2):gsub("%p", "%%%0"))
    assert.same(before, owners())
  end)

  it("checks who comes, and forgets who leaves", function()
    local ups = gate.neighbours(3, { handler = function(request, _, self)
      if request.target == "/health" then return self.name == "neighbour 3" and 500 or 200, "" end
      return 200, self.name
    end })
    say(1, 2)
    local g = start(ups, { service = {
      health = { path = "/health", interval = "50ms", fall = 1 }, panicThreshold = 0 } })
    gate.eventually(function() return ups[2]:last() end)
    say(1, 2, 3)
    g:wait_log("health main " .. url(ups, 3):gsub("%p", "%%%0") .. ": up %-> down")
    assert.equal("unhealthy", instances(g)[url(ups, 3)].state)
    say(1, 2)
    g:wait_log("1 left: ")
    gate.eventually(function()
      local n = #ups[3].requests
      gate.pause(0.2)
      return n == #ups[3].requests
    end)
    say(1, 2, 3) -- back, it begins with nothing held against it
    local from = #g:log()
    g:wait_log("1 joined", nil, from)
    g:wait_log("health main .*: up %-> down", nil, from)
  end)

  it("has connections ready to those who are there, and to nobody else", function()
    local ups = gate.neighbours(2)
    say(1)
    start(ups, { service = { pool = { minIdle = 2 } } })
    ups[1]:wait_open(4) -- of two workers
    say(1, 2)
    ups[2]:wait_open(4)
    say(2)
    ups[1]:wait_open(0)
    assert.equal(4, ups[2].open)
  end)

  it("is steered by address, also when it comes back", function()
    local ups = gate.neighbours(2)
    say(1, 2)
    local g = start(ups, { service = { strategy = "weighted_round_robin" } })
    local function steer(verb, ...) return g:cli(verb, "--control", g.control, "main", ...) end
    assert.equal(0, steer("weight", url(ups, 1), "3").code)
    assert.same({ 30, 10 }, send(g, ups, 40))
    assert.equal(0, steer("disable", "127.0.0.1:" .. ups[1].port).code)
    assert.same({ 0, 10 }, send(g, ups, 10))
    local wrong = steer("drain", "http://127.0.0.9:1")
    assert.equal(1, wrong.code)
    assert.is_truthy(wrong.err:find(url(ups, 2), 1, true), wrong.err)
    say(2)
    g:wait_log("1 left: ")
    say(1, 2)
    g:wait_log("1 joined: " .. url(ups, 1):gsub("%p", "%%%0"), nil, #g:log())
    assert.same({ 0, 10 }, send(g, ups, 10))
    assert.equal(0, steer("enable", url(ups, 1)).code)
    assert.same({ 30, 10 }, send(g, ups, 40))
  end)

  it("goes on over reloads", function()
    local ups = gate.neighbours(3)
    say(1, 2)
    local g = start(ups)
    local stop, failures = false, 0
    local traffic = gate.go("traffic", function()
      while not stop do
        if g:get("/").status ~= 200 then failures = failures + 1 end
      end
    end)
    local text = g.dir:read("gateway.yaml")
    for i = 1, 3 do
      local changed, n = text:gsub('"discover": ', '"discoverMax": ' .. 10 * i .. ', "discover": ')
      assert.equal(1, n)
      g.dir:write("gateway.yaml", changed)
      assert.equal(0, g:reload().code)
    end
    say(2, 3)
    g:wait_log("1 joined: " .. url(ups, 3):gsub("%p", "%%%0"))
    g:wait_log("1 left: ")
    stop = true
    traffic:join()
    assert.equal(0, failures)
    assert.same({ 0, 10, 10 }, send(g, ups, 20))
  end)

  it("is asked for by another worker when the one that asks is killed", function()
    local ups = gate.neighbours(2)
    say(1)
    local g = start(ups)
    local asker = tonumber(g:wait_log("worker %d: names main .* 1 joined"):match("worker (%d):"))
    local pid = tonumber(g:log():match("worker " .. asker .. " %(pid (%d+)%)"))
    g:expect("worker %d %(pid %d+%) was killed")
    gate.process.kill(pid, gate.process.KILL)
    say(1, 2)
    g:wait_log("1 joined: " .. url(ups, 2):gsub("%p", "%%%0"), 10)
    g:wait_workers(2, { pid })
    assert.same({ 10, 10 }, send(g, ups, 20))
  end)

  it("makes no more than discoverMax of them, and says so", function()
    local ups = gate.neighbours(3)
    say(1, 2, 3)
    local g = start(ups, { entry = { discoverMax = 2 } })
    g:wait_log("warn .*names main .*: it has 1 more addresses than there is room for %(discoverMax: 2%)")
    assert.same({ 10, 10, 0 }, send(g, ups, 20))
    say(2, 3)
    g:wait_log("1 left")
    g:wait_log("1 joined: " .. url(ups, 3):gsub("%p", "%%%0"))
    assert.same({ 0, 10, 10 }, send(g, ups, 20))
  end)

  it("shows in the answer why a route was taken", function()
    local ups = gate.neighbours(1)
    say(1)
    local g = start(ups)
    local r = g:cli("routes", "--why", "GET /")
    assert.is_truthy(r.out:find(("http://%s:%d, one of each address"):format(NAME, ups[1].port), 1, true), r.out)
  end)
end)
