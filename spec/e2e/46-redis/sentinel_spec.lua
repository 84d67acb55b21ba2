-- SPDX-License-Identifier: Apache-2.0
-- A master that sentinels watch, behind redis(url): found, lost, and found again where it has gone.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local r = redis("%s", { timeout = "2s" })
get "/incr/:key" { function(req)
  local n, why, code = r:incr(req.params.key)
  if not n then return 503, (code or "?") .. ": " .. tostring(why) end
  return 200, tostring(n)
end }
]]


describe("Redis with sentinels", function()
  after_each(gate.cleanup)

  local function start(url)
    return gate.start { workers = 1, routes = (ROUTES:gsub("%%s", (url:gsub("%%", "%%%%")))) }
  end

  local function back(g)
    return gate.eventually(function()
      local r = g:get("/incr/n")
      return r.status == 200 and tonumber(r.body)
    end, "a master", 20)
  end

  -- What was counted there; sentinels may still be closing connections of a server that they have promoted.
  local function count(server)
    return tonumber(gate.eventually(function() return server:try("GET", "n") end, "an answer of the server"))
  end

  it("finds the master, whichever sentinel answers", function()
    local group = gate.redis_sentinels { password = "sesame" }
    group.sentinels[1]:kill()
    local g = start(group.url)
    for i = 1, 5 do assert.equal(tostring(i), g:get("/incr/n").body) end
    assert.equal("5", group.master:command("GET", "n"))
    assert.is_nil(g:log():find("sesame", 1, true))
  end)

  it("goes on with the replica when the master dies", function()
    local group = gate.redis_sentinels()
    local g = start(group.url)
    assert.equal("1", g:get("/incr/n").body)
    group.master:kill()
    assert.equal(503, g:get("/incr/n").status)
    back(g)
    assert.is_true(count(group.replica) >= 1)
  end)

  it("leaves a master that is hung", function()
    local group = gate.redis_sentinels()
    local g = start(group.url)
    assert.equal("1", g:get("/incr/n").body)
    group.master:pause()
    back(g)
    assert.is_true(count(group.replica) >= 1)
    group.master:resume()
  end)

  it("follows a master that gives its place away alive", function()
    local group = gate.redis_sentinels()
    local g = start(group.url)
    assert.equal("1", g:get("/incr/n").body)
    group.sentinels[1]:command("SENTINEL", "FAILOVER", "main")
    local function at_replica() return tonumber(group.replica:try("GET", "n") or nil) end
    gate.eventually(function()
      g:get("/incr/n")
      local role = group.replica:try("ROLE")
      return role and role[1] == "master" and at_replica()
    end, "the replica to be the master", 20)
    gate.eventually(function()
      local before = at_replica()
      return g:get("/incr/n").status == 200 and before and at_replica() == before + 1
    end, "the requests at the new master", 20)
  end)

  it("says what sentinels say when they know no such master", function()
    local group = gate.redis_sentinels()
    local g = start((group.url:gsub("/main$", "/other")))
    local r = g:get("/incr/n")
    assert.equal(503, r.status)
    assert.truthy(r.body:find("knows no master other", 1, true), r.body)
    g:wait_log("redis redis%-sentinel://[%d.:,]+/other: down: sentinel redis://[%d.:]+/0 knows no master other")
  end)
end)
