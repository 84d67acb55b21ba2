-- SPDX-License-Identifier: Apache-2.0
-- The strategies beside the turns: what they make of real traffic, over all workers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function upstreams(n)
  local ups = {}
  for i = 1, n do ups[i] = gate.upstream { name = "instance " .. i } end
  return ups
end


local function names(g, n, options)
  local met = {}
  for _ = 1, n do
    local r = g:get("/", options)
    assert.equal(200, r.status)
    met[r.body] = (met[r.body] or 0) + 1
  end
  return met
end


-- An upstream that holds /slow until the gate opens, and the clients that wait there.
local function holding(name)
  local held = { open = gate.gate(), waiting = 0 }
  held.up = gate.upstream { name = name, handler = function(request)
    if request.target == "/slow" then
      held.waiting = held.waiting + 1
      held.open:wait()
    end
    return 200, name
  end }
  return held
end


-- Over all workers. A request ends after its answer has gone out.
local function in_flight(g)
  local sum = 0
  for _, row in ipairs(gate.json.decode(g:cli("instances", "--control", g.control, "--json").out).instances) do
    sum = sum + row.active
  end
  return sum
end


describe("least_connections", function()
  after_each(gate.cleanup)

  local function start(options)
    local a, b = holding "a", holding "b"
    options.service = { strategy = "least_connections" }
    local g = gate.proxy({ a.up, b.up }, options)
    return g, a, b
  end

  local function hold(g, n)
    local clients = {}
    for i = 1, n do clients[i] = gate.client(g):send(gate.http.request("GET", "/slow")) end
    return clients
  end

  it("levels what is in flight over all workers", function()
    local g, a, b = start { workers = 2 }
    local clients = {}
    for i = 1, 12 do
      clients[i] = hold(g, 1)[1]
      gate.eventually(function() return a.waiting + b.waiting == i end, "request " .. i)
    end
    assert.equal(6, a.waiting)
    assert.equal(6, b.waiting)
    a.open:open()
    b.open:open()
    for _, c in ipairs(clients) do assert.equal(200, c:read().status) end
    local met = { a = 0, b = 0 }
    for _ = 1, 20 do
      gate.eventually(function() return in_flight(g) == 0 end, "the end of all requests")
      local name = g:get("/").body
      met[name] = met[name] + 1
    end
    assert.same({ a = 10, b = 10 }, met)
  end)

  it("forgets what a killed worker had in flight", function()
    local g, a, b = start { workers = 1, expect = { "worker" } }
    hold(g, 5)
    gate.eventually(function() return a.waiting + b.waiting == 5 end, "five requests")
    local dead = g:kill_worker(1)
    g:wait_workers(1, { dead })
    a.open:open()
    b.open:open()
    gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
    local met = names(g, 20)
    assert.equal(10, met.a)
    assert.equal(10, met.b)
  end)
end)


describe("random_two and peak_ewma", function()
  after_each(gate.cleanup)

  for _, strategy in ipairs { "random_two", "peak_ewma" } do
    it(strategy .. " pass over who is down, and find who is back", function()
      local up, other = gate.upstream { name = "one", down = true }, gate.upstream { name = "other" }
      local g = gate.proxy({ up, other }, { workers = 2, service = { strategy = strategy } })
      assert.same({ other = 40 }, names(g, 40))
      up:come_back()
      gate.eventually(function() return g:get("/").body == "one" end, "the one that is back", 20)
    end)
  end

  it("peak_ewma leaves a slow one alone", function()
    local slow = gate.upstream { name = "slow", handler = function()
      gate.pause(1) -- far longer than a quick one may take on a busy machine
      return 200, "slow"
    end }
    local quick = gate.upstream { name = "quick" }
    local g = gate.proxy({ slow, quick }, { workers = 2, service = { strategy = "peak_ewma" } })
    names(g, 4)
    assert.same({ quick = 50 }, names(g, 50))
  end)
end)


describe("consistent_hash", function()
  after_each(gate.cleanup)

  local function owners(g)
    local owner = {}
    for user = 1, 30 do
      owner[user] = g:get("/", { headers = { ["X-User"] = "user" .. user } }).body
    end
    return owner
  end

  it("keeps a key at its instance, over workers, a death and a return", function()
    local ups = upstreams(3)
    local g = gate.proxy(ups, { workers = 2,
      service = { strategy = "consistent_hash", hashOn = "header:X-User" } })
    local before = owners(g)
    assert.same(before, owners(g))
    ups[2]:go_down()
    local during = owners(g)
    for user, owner in ipairs(before) do
      if owner == "instance 2" then
        assert.not_equal("instance 2", during[user])
      else
        assert.equal(owner, during[user])
      end
    end
    ups[2]:come_back()
    gate.eventually(function()
      local now = owners(g)
      for user, owner in ipairs(before) do
        if now[user] ~= owner then return false end
      end
      return true
    end, "all keys at home", 20)
  end)

  it("goes by cookie, query or path as hashOn says", function()
    local ways = {
      ["cookie:sid"] = function(i) return "/", { headers = { Cookie = "a=b; sid=" .. i } } end,
      ["query:id"] = function(i) return "/?x=1&id=" .. i end,
      path = function(i) return "/item/" .. i end,
    }
    for on, way in pairs(ways) do
      local g = gate.proxy(upstreams(4), { service = { strategy = "consistent_hash", hashOn = on } })
      local met, different = {}, 0
      for i = 1, 20 do
        local name = g:get(way(i)).body
        for _ = 1, 3 do assert.equal(name, g:get(way(i)).body) end
        if not met[name] then different = different + 1 end
        met[name] = true
      end
      assert.is_true(different > 1, on .. " tells nobody apart")
    end
  end)

  it("lets a request without the key take its turn", function()
    local g = gate.proxy(upstreams(2), {
      service = { strategy = "consistent_hash", hashOn = "header:X-User" } })
    assert.same({ ["instance 1"] = 5, ["instance 2"] = 5 }, names(g, 10))
  end)
end)


describe("a backup", function()
  after_each(gate.cleanup)

  it("serves when nobody else is up, and only then", function()
    local up, spare = gate.upstream { name = "up" }, gate.upstream { name = "spare" }
    local g = gate.proxy { up, { url = spare, backup = true } }
    assert.same({ up = 10 }, names(g, 10))
    up:go_down()
    assert.same({ spare = 10 }, names(g, 10))
    up:come_back()
    gate.eventually(function() return g:get("/").body == "up" end, "the one that is back", 20)
    assert.same({ up = 10 }, names(g, 10))
  end)
end)
