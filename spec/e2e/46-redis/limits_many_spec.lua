-- SPDX-License-Identifier: Apache-2.0
-- rateLimit on a Redis Cluster and on a master that sentinels watch: slots that move and masters that fail over are a
-- matter of counting, not of requests.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local TIMEOUT, TURN = 1, 0.1 * gate.slow


local function start(url, more)
  local limit = more or { limit = 1000000, window = "24h" }
  limit.algorithm, limit.redisURL, limit.timeout = "fixed_window", url, TIMEOUT .. "s"
  return gate.proxy(gate.upstream(), { rateLimit = limit })
end


-- One request: who has judged, and that it has passed in time.
local function ask(g, from)
  local crowded, sent = g:crowded_out(), gate.now()
  local r = g:get("/", { from = from })
  assert.equal(200, r.status)
  local took = gate.now() - sent
  if took > TIMEOUT then took = took - (g:crowded_out() - crowded) end
  assert.is_true(took <= TIMEOUT + TURN, took .. " s")
  return r.headers["X-RateLimit-State"]
end


describe("a limit in a cluster", function()
  after_each(gate.cleanup)

  it("keeps each client on the node of his key, with several windows too", function()
    local cluster = gate.redis_cluster()
    local g = start(cluster.url, { limits = { "100/h", "50/d" } })
    gate.eventually(function() return ask(g, "127.0.0.9") == "redis" end, "the cluster")
    for i = 1, 8 do
      for _ = 1, 3 do assert.equal("redis", ask(g, "127.0.0." .. i)) end
    end
    local keys, nodes = 0, 0
    for _, master in ipairs(cluster.masters) do
      local found = #master:command("KEYS", "rate_limit:{gateway:*")
      keys, nodes = keys + found, nodes + (found > 0 and 1 or 0)
    end
    assert.equal(2 * 9, keys)
    assert.is_true(nodes > 1)
  end)

  it("counts on while slots move", function()
    local cluster = gate.redis_cluster { masters = 2 }
    local g = start(cluster.url)
    gate.eventually(function() return ask(g) == "redis" end, "the cluster")
    local key = "rate_limit:{gateway:127.0.0.1}"
    local slot = cluster.masters[1]:command("CLUSTER", "KEYSLOT", key)
    local home = slot < 8192 and 1 or 2
    local from, to = cluster.masters[home], cluster.masters[3 - home]
    local before = tonumber(from:command("GET", key))
    cluster:move_slot(slot, from, to, function() assert.equal("redis", ask(g)) end)
    for _ = 1, 5 do assert.equal("redis", ask(g)) end
    assert.equal(before + 6, tonumber(to:command("GET", key)))
  end)
end)


describe("a limit behind sentinels", function()
  after_each(gate.cleanup)

  it("does without Redis until there is a master again", function()
    local group = gate.redis_sentinels { password = "sesame" }
    local g = start(group.url)
    gate.eventually(function() return ask(g) == "redis" end, "the master")
    group.master:kill()
    assert.equal("local", ask(g))
    gate.eventually(function() return ask(g) == "redis" end, "the new master", 20)
    local key = "rate_limit:{gateway:127.0.0.1}"
    assert.is_true(tonumber(gate.eventually(function() return group.replica:try("GET", key) end, "the count")) >= 1)
    assert.is_nil(g:log():find("sesame", 1, true))
  end)
end)
