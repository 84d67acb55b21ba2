-- SPDX-License-Identifier: Apache-2.0
-- The host around the gateway: descriptors, users, systemd.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("out of descriptors", function()
  after_each(gate.cleanup)

  -- Processor time of all workers in seconds.
  local function cpu(g)
    local ticks = 0
    for _, pid in ipairs(g:workers()) do
      local file = assert(io.open("/proc/" .. pid .. "/stat"))
      local user, system = file:read("*a"):match("%) %a" .. (" %S+"):rep(10) .. " (%d+) (%d+)")
      file:close()
      ticks = ticks + user + system
    end
    return ticks / 100
  end

  it("a worker neither spins nor dies, and serves again when there are some", function()
    local g = gate.proxy(gate.upstream(), { shell = "ulimit -n 80", expect = { "" } })
    local clients = {}
    for i = 1, 150 do clients[i] = gate.client(g) end
    gate.pause(0.2)
    local before = cpu(g)
    gate.pause(1)
    assert.is_true(cpu(g) - before < 0.5 * gate.slow, "spins")
    for _, c in ipairs(clients) do c:close() end
    gate.eventually(function()
      local ok, r = pcall(g.get, g, "/")
      return ok and r and r.status == 200
    end, "service again", 10)
  end)

  it("the instances are not blamed for it", function()
    local g = gate.proxy({ gate.upstream(), gate.upstream() }, { shell = "ulimit -n 60", expect = { "" } })
    local clients = {}
    for i = 1, 60 do
      clients[i] = gate.client(g)
      pcall(clients[i].send, clients[i], gate.http.request("GET", "/"))
    end
    gate.pause(0.3)
    for _, c in ipairs(clients) do c:close() end
    gate.eventually(function()
      local ok, r = pcall(g.get, g, "/")
      return ok and r and r.status == 200
    end, "service again", 10)
    for _ = 1, 10 do assert.equal(200, g:get("/").status) end
  end)
end)


describe("gateway.user", function()
  after_each(gate.cleanup)

  local is_root = gate.process.run("/usr/bin/id", { "-u" }).out == "0\n"

  local function uid(pid)
    local file = assert(io.open("/proc/" .. pid .. "/status"))
    local real, effective = file:read("*a"):match("Uid:%s+(%d+)%s+(%d+)")
    file:close()
    return real .. " " .. effective
  end

  if is_root then
    it("is whom the workers run as; the supervisor keeps its own", function()
      local g = gate.proxy(gate.upstream(), { gateway = { user = "nobody" }, workers = 2 })
      for _, pid in ipairs(g:workers()) do assert.equal("65534 65534", uid(pid)) end
      assert.equal("0 0", uid(g.pid))
      assert.equal(200, g:get("/").status)
    end)

    it("may not read what the configuration needs: a reload still works", function()
      local g = gate.proxy(gate.upstream(), { gateway = { user = "nobody" } })
      assert.equal(0, g:reload().code)
      local old = g:workers()
      g:expect("worker")
      g:kill_worker(1)
      g:wait_workers(1, old)
      gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
    end)
  end

  it("that does not exist is told at the start", function()
    local d = gate.files { gateway = { user = "nobody-of-this-name" } }
    local r = gate.run("run", "-c", d:join("gateway.yaml"), "--control", d:join("ctl"))
    assert.equal(1, r.code)
    assert.matches("nobody-of-this-name", r.err, 1, true)
  end)
end)


describe("under systemd (NOTIFY_SOCKET)", function()
  after_each(gate.cleanup)

  it("says READY when it serves, RELOADING in between, STOPPING at the end", function()
    local path = gate.dir():join("notify")
    local notes = gate.socket.datagrams(path)
    local g = gate.proxy(gate.upstream(), { env = { NOTIFY_SOCKET = path } })
    assert.matches("READY=1", notes:recv(), 1, true)
    assert.equal(0, g:reload().code)
    assert.matches("RELOADING=1", notes:recv(), 1, true)
    assert.matches("READY=1", notes:recv(), 1, true)
    g:signal(gate.process.TERM)
    assert.matches("STOPPING=1", notes:recv(), 1, true)
    assert.equal(0, g:wait_exit())
    notes:close()
  end)
end)


describe("an idle client", function()
  after_each(gate.cleanup)

  it("costs little memory: no buffer is kept for it", function()
    local g = gate.proxy(gate.upstream())
    local function hold(n)
      for _ = 1, n do gate.client(g):get("/") end
    end
    hold(200)
    local before = g:memory()
    hold(800)
    local each = (g:memory() - before) / 800
    assert.is_true(each < (gate.slow > 1 and 16384 or 1536), each .. " bytes")
  end)
end)
