-- SPDX-License-Identifier: Apache-2.0
-- A process that runs out of descriptors.

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

  it("keeps some for the instances, so that clients who are in are served", function()
    local g = gate.proxy(gate.upstream(), { shell = "ulimit -n 80", expect = { "" } })
    local first = gate.client(g)
    assert.equal(200, first:get("/").status)
    local others = {}
    for i = 1, 250 do others[i] = gate.client(g) end
    g:wait_log("new connections wait")
    gate.pause(0.3) -- the pooled connection is not what is meant: as many at once as there may be
    for i = 1, 4 do pcall(others[i].send, others[i], gate.http.request("GET", "/")) end
    assert.equal(200, first:get("/").status)
    for i = 1, 4 do assert.equal(200, others[i]:read().status) end
    for _, c in ipairs(others) do c:close() end
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
