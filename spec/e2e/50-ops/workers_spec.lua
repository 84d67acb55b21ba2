-- SPDX-License-Identifier: Apache-2.0
-- Workers that die: back within a second, at the cost of their own requests only.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a worker that is killed", function()
  after_each(gate.cleanup)

  local function start(options)
    local up = gate.upstream(options.handler)
    options.expect = { "worker" }
    return gate.proxy(up, options), up
  end

  it("is back within a second", function()
    local g = start { workers = 2 }
    local old = g:workers()
    assert.equal(2, #old)
    local from = gate.now()
    local dead = g:kill_worker(1)
    g:wait_workers(2, { dead })
    assert.is_true(gate.now() - from < 1 * gate.slow)
    for _ = 1, 10 do assert.equal(200, g:get("/").status) end
  end)

  it("is named in the log with its signal", function()
    local g = start { workers = 1 }
    local dead = g:kill_worker(1)
    g:wait_log(tostring(dead))
    g:wait_workers(1, { dead })
    gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
  end)

  it("loses no connection that was not accepted yet", function()
    local g = start { workers = 1 }
    g:get("/")
    local pid = g:workers()[1]
    gate.process.kill(pid, gate.process.STOP)
    local clients = {}
    for i = 1, 5 do clients[i] = gate.client(g):send(gate.http.request("GET", "/" .. i)) end
    gate.process.kill(pid, gate.process.KILL)
    for _, c in ipairs(clients) do assert.equal(200, c:read().status) end
  end)

  it("under load costs only the requests it was serving", function()
    local g = start { workers = 2 }
    local stop, failed, served = false, 0, 0
    local tasks = {}
    for i = 1, 16 do
      tasks[i] = gate.go("client", function()
        while not stop do
          local c = gate.client(g)
          for _ = 1, 20 do
            local ok, r = pcall(c.get, c, "/")
            if not ok or not r then
              failed = failed + 1
              break
            end
            assert.equal(200, r.status)
            served = served + 1
          end
          c:close()
        end
      end)
    end
    gate.wait_until(function() return served > 100 end, "load", 20)
    local old = g:workers()
    g:kill_worker(1)
    g:wait_workers(2, { old[1] })
    local after = served
    gate.wait_until(function() return served > after + 200 end, "load again", 20)
    stop = true
    for _, task in ipairs(tasks) do task:join() end
    assert.is_true(failed <= 16, failed .. " requests failed")
  end)

  it("leaves connections of the others alone", function()
    local g = start { workers = 2 }
    local kept, count = {}, 40 -- the kernel chooses by hash: so many that each worker has some
    for i = 1, count do
      kept[i] = gate.client(g)
      assert.equal(200, kept[i]:get("/").status)
    end
    local dead = g:kill_worker(1)
    g:wait_workers(2, { dead })
    local alive = 0
    for _, c in ipairs(kept) do
      local ok, r = pcall(c.get, c, "/")
      if ok and r then alive = alive + 1 end
    end
    assert.is_true(alive > 0 and alive < count, alive .. " live")
  end)

  it("again and again is replaced again and again", function()
    local g = start { workers = 1 }
    for _ = 1, 4 do
      gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
      local dead = g:kill_worker(1)
      g:wait_workers(1, { dead })
    end
    gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
  end)

  it("before it has served anything is replaced ever more slowly", function()
    local g = start { workers = 1 }
    local deaths, from = 0, gate.now()
    while gate.now() - from < 2 do
      local pids = g:workers()
      if pids[1] then
        gate.process.kill(pids[1], gate.process.KILL)
        deaths = deaths + 1
      end
      gate.pause(0.005)
    end
    assert.is_true(deaths < 40, deaths .. " deaths in two seconds")
    g:wait_workers(1, {}, 30)
    gate.eventually(function() return pcall(g.get, g, "/") end, "an answer", 30)
  end)
end)
