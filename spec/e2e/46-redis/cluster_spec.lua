-- SPDX-License-Identifier: Apache-2.0
-- A real Redis Cluster behind redis(url): every key at its node, slots that move, nodes that die.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local r = redis("%s", { timeout = "2s" })

local tests = {}
function tests.values()
  local pairs, got = {}, {}
  for i = 1, 60 do pairs[i] = { "SET", "key" .. i, i } end
  local set = r:pipeline(pairs)
  for i = 1, 60 do got[i] = { "GET", "key" .. i } end
  return { set = #set, get = table.concat(r:pipeline(got), ","), one = r:get("key7"), none = r:get("nothing") == nil }
end
function tests.together()
  local list = r:transaction { { "SET", "{t}a", 1 }, { "INCR", "{t}a" }, { "SET", "{t}b", "x" } }
  local refused, why, code = r:transaction { { "SET", "a", 1 }, { "SET", "b", 1 }, { "SET", "c", 1 } }
  local _, why2, code2 = r:mset("a", 1, "b", 1)
  return { list = list, refused = refused == nil, code = code, code2 = code2 }
end
function tests.script()
  local add, out = "return redis.call('INCRBY', KEYS[1], ARGV[1])", {}
  for i = 1, 30 do out[i] = r:eval(add, { "n" .. i }, { i }) end
  return { sum = (function() local n = 0 for _, v in ipairs(out) do n = n + v end return n end)() }
end
function tests.keyless()
  return { ping = r:ping(), time = #r:time() }
end
get "/incr/:key" { function(req)
  local n, why, code = r:incr(req.params.key)
  if not n then return 503, (code or "?") .. ": " .. tostring(why) end
  return 200, tostring(n)
end }
get "/script/:key" { function(req)
  local n, why = r:eval("return redis.call('INCR', KEYS[1])", { req.params.key })
  return n and 200 or 503, tostring(n or why)
end }
get "/:test" { function(req) return 200, tests[req.params.test]() end }
]]


describe("a Redis Cluster", function()
  after_each(gate.cleanup)

  local function start(options)
    local cluster = gate.redis_cluster(options)
    local g = gate.start { workers = 1, routes = (ROUTES:gsub("%%s", (cluster.url:gsub("%%", "%%%%")))) }
    return cluster, g
  end

  local function ask(g, test)
    local r = g:get("/" .. test)
    assert.equal(200, r.status, r.body)
    return gate.json.decode(r.body)
  end

  it("takes every command to the node of its key", function()
    local cluster, g = start { password = "sesame" }
    local expected = {}
    for i = 1, 60 do expected[i] = tostring(i) end
    assert.same({ set = 60, get = table.concat(expected, ","), one = "7", none = true }, ask(g, "values"))
    for _, master in ipairs(cluster.masters) do
      local n = master:command("DBSIZE")
      assert.is_true(n > 5 and n < 40, "keys of a node: " .. n)
    end
    assert.same({ list = { "OK", 2, "OK" }, refused = true, code = "CROSSSLOT", code2 = "CROSSSLOT" },
      ask(g, "together"))
    assert.same({ sum = 465 }, ask(g, "script"))
    assert.same({ sum = 930 }, ask(g, "script"))
    assert.same({ ping = "PONG", time = 2 }, ask(g, "keyless"))
    assert.is_nil(g:log():find("sesame", 1, true))
  end)

  it("follows a slot that moves, and what is asked meanwhile runs once", function()
    local cluster, g = start()
    local slot = cluster.masters[1]:command("CLUSTER", "KEYSLOT", "{x}")
    local from
    for _, master in ipairs(cluster.masters) do
      if pcall(master.command, master, "GET", "{x}") then from = master end
    end
    local to = from == cluster.masters[1] and cluster.masters[2] or cluster.masters[1]
    assert.equal("1", g:get("/incr/%7Bx%7Dold").body)
    cluster:move_slot(slot, from, to, function()
      assert.equal("2", g:get("/incr/%7Bx%7Dold").body) -- has gone ahead: ASK
      assert.equal("1", g:get("/incr/%7Bx%7Dnew").body)
      assert.equal("1", g:get("/script/%7Bx%7Dscript").body)
    end)
    for i = 2, 20 do assert.equal(tostring(i), g:get("/incr/%7Bx%7Dnew").body) end -- MOVED
    assert.equal("3", g:get("/incr/%7Bx%7Dold").body)
    assert.equal("2", g:get("/script/%7Bx%7Dscript").body)
    assert.equal("20", to:command("GET", "{x}new"))
  end)

  it("loses only the keys of a node that dies, until its replica takes over", function()
    local cluster, g = start { replicas = 1 }
    local dead = cluster.masters[1]
    local key = {} -- of each master
    for i = 1, 100 do
      for _, master in ipairs(cluster.masters) do
        if pcall(master.command, master, "GET", "k" .. i) then key[master] = "k" .. i end
      end
    end
    for _, master in ipairs(cluster.masters) do assert.equal("1", g:get("/incr/" .. key[master]).body) end
    dead:kill()
    assert.equal(503, g:get("/incr/" .. key[dead]).status)
    for _, master in ipairs(cluster.masters) do
      if master ~= dead then assert.equal("2", g:get("/incr/" .. key[master]).body) end
    end
    gate.eventually(function() return g:get("/incr/" .. key[dead]).status == 200 end, "the replica to take over", 20)
    assert.is_true(tonumber(cluster.replicas[1]:command("GET", key[dead])) >= 1)
    g:wait_log("redis redis://127.0.0.1:" .. dead.port .. "/0: down")
  end)

  it("is down when no node answers, and comes back alone", function()
    local cluster, g = start { masters = 1 }
    assert.equal("1", g:get("/incr/a").body)
    cluster.masters[1]:pause()
    assert.equal(503, g:get("/incr/a").status)
    cluster.masters[1]:resume()
    gate.eventually(function() return g:get("/incr/a").status == 200 end, "the cluster to be back", 20)
  end)
end)
