-- SPDX-License-Identifier: Apache-2.0
-- concurrency-limit: over all workers, and whatever ends a request.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("concurrency-limit", function()
  after_each(gate.cleanup)

  local function routes(most)
    return ([[
      use "concurrency-limit" { most = %d, by = "host" }
      get "/held" { to = "held" }
      get "/free" { reply = { 204 } }
    ]]):format(most)
  end

  local function start(workers)
    local up = gate.upstream { script = function(connection) connection:wait_end() end } -- says nothing
    return gate.start {
      workers = workers, services = { { name = "held", instances = { up } } }, routes = routes(3),
    }, up
  end

  -- Connections with requests that are under way: what is asked before they are there could take their permit.
  local function hold(g, up, n)
    local held, before = {}, up.accepted
    for i = 1, n do
      held[i] = gate.client(g)
      held[i]:send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
    end
    up:wait_connections(before + n)
    return held
  end

  local function status(g) return g:get("/free", { headers = { Host = "a" } }).status end

  local function until_refused(g) gate.eventually(function() return status(g) == 429 end, "a refusal") end
  local function until_free(g) gate.eventually(function() return status(g) == 204 end, "a free permit", 10) end

  -- A permit is back when its request has ended, soon after its client has read the answer.
  local function until_under_way(g, n)
    gate.eventually(function()
      return g:cli("metrics", "--control", g.control).out:find(("\nlunette_exchanges %d\n"):format(n))
    end, n .. " requests under way")
  end

  it("counts over all workers, and gives back when clients go away", function()
    local g, up = start(2)
    local held = hold(g, up, 3)
    until_refused(g)
    assert.equal(204, g:get("/free", { headers = { Host = "b" } }).status)
    held[1]:reset()
    until_free(g)
    until_under_way(g, 2)
    hold(g, up, 1)
    until_refused(g)
    held[2]:reset()
    held[3]:reset()
    until_free(g)
  end)

  it("gives back through reloads", function()
    local g, up = start(1)
    local held = hold(g, up, 3)
    until_refused(g)
    assert.equal(0, g:reload().code)
    assert.equal(429, status(g))
    held[2]:reset()
    until_free(g)
  end)

  it("forgets nothing that is under way when the limit changes", function()
    local g, up = start(2)
    local held = hold(g, up, 3)
    g.dir:write("routes.lua", routes(2))
    assert.equal(0, g:reload().code)
    assert.equal(429, status(g))
    g.dir:write("routes.lua", routes(4))
    assert.equal(0, g:reload().code)
    held[4] = hold(g, up, 1)[1]
    until_refused(g)
    for _, client in ipairs(held) do client:reset() end
    until_free(g)
  end)

  it("gives back what a worker held that was killed", function()
    local g, up = start(1)
    hold(g, up, 3)
    until_refused(g)
    g:expect("was killed by signal 9")
    g:kill_worker(1)
    until_free(g)
  end)
end)
