-- SPDX-License-Identifier: Apache-2.0
-- conf/gateway.yaml, which "make run" serves: the demo of two services, with free ports put in.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local PORTS = { 8080, 8081, 8082, 8083, 8084, 8085 }


-- A port that nobody has, on any address; below those that the kernel gives to clients, which may linger on them.
local function free_port()
  for _ = 1, 1000 do
    local ok, s = pcall(gate.socket.bind, "[::]:" .. math.random(10000, 32000))
    if ok then return s end
  end
  error("no free port")
end


-- Six of them: held together while they are chosen, then let go for the gateway.
local function free_ports()
  local held, map = {}, {}
  math.randomseed(os.time() + math.floor(gate.now() * 1000))
  for i, port in ipairs(PORTS) do
    held[i] = free_port()
    map[tostring(port)] = held[i].address:match("%d+$")
  end
  for _, s in ipairs(held) do s:close() end
  return map
end


local function sh(text)
  local r = gate.process.run("/bin/sh", { "-ec", text })
  assert(r.code == 0, r.err)
  return r.out
end


-- The project's conf with other ports, beside a link to its plugins.
local function copy_sample(map)
  local place = gate.dir()
  sh(("cp -r '%s/conf' '%s/conf' && ln -s '%s/plugins' '%s/plugins'"):format(
    gate.root, place.path, gate.root, place.path))
  for path in sh(("find '%s/conf' -type f"):format(place.path)):gmatch("[^\n]+") do
    local name = path:sub(#place.path + 2)
    place:write(name, (place:read(name):gsub("%f[%d]808[0-5]%f[%D]", map)))
  end
  return place
end


describe("the sample configuration", function()
  local g, map

  setup(function()
    map = free_ports()
    local place = copy_sample(map)
    g = gate.start { config = place:join("conf/gateway.yaml") }
    g.address = "127.0.0.1:" .. map["8080"]
  end)
  teardown(gate.cleanup)

  local function at(port, target)
    local c = gate.connect("127.0.0.1:" .. map[port])
    return c:get(target):json()
  end

  it("passes lunette check as it stands", function()
    local r = gate.run("check", "-c", gate.root .. "/conf/gateway.yaml")
    assert.equal(0, r.code, r.out .. r.err)
  end)

  for _, port in ipairs { "8081", "8082", "8083", "8084", "8085" } do
    it(("has a healthy demo instance on %s"):format(port), function()
      assert.same({ status = "healthy", port = map[port] }, at(port, "/health"))
    end)

    it(("has a demo instance on %s that says hello"):format(port), function()
      local hello = at(port, "/some/path")
      assert.equal("Hello from backend", hello.message)
      assert.equal(map[port], hello.port)
      assert.equal("/some/path", hello.path)
      assert.matches("%S", hello.hostname)
    end)
  end

  -- How often each port answered n requests, which come from an address of their own: there is a limit.
  local function shares(target, n, from)
    local counts = {}
    for _ = 1, n do
      local port = g:get(target, { from = from }):json().port
      counts[port] = (counts[port] or 0) + 1
    end
    return counts
  end

  it("balances users over three, round robin", function()
    assert.same({ [map["8081"]] = 2, [map["8082"]] = 2, [map["8083"]] = 2 }, shares("/api/users", 6, "127.0.0.2"))
  end)

  it("balances orders over two, by weight", function()
    assert.same({ [map["8084"]] = 6, [map["8085"]] = 2 }, shares("/api/orders", 8, "127.0.0.3"))
  end)

  it("shares the catalog out nine to one, and sends testers to the other service", function()
    local others = { [map["8084"]] = true, [map["8085"]] = true }
    local n = 0
    for i = 1, 20 do
      local r = g:get("/catalog/7", { from = i <= 10 and "127.0.0.4" or "127.0.0.5" })
      assert.equal("/7", r:json().path)
      if others[r:json().port] then n = n + 1 end
    end
    assert.equal(2, n)
    for _ = 1, 4 do
      local r = g:get("/catalog/7", { from = "127.0.0.6", headers = { ["X-Version"] = "2" } })
      assert.is_true(others[r:json().port])
    end
  end)

  it("answers pages of another site, and moves old addresses", function()
    local r = g:get("/catalog/old/7", { from = "127.0.0.7", headers = { Origin = "https://app.example.com" } })
    assert.equal(301, r.status)
    assert.equal("/catalog/7", r.headers["location"])
    assert.equal("https://app.example.com", r.headers["access-control-allow-origin"])
    assert.equal("nosniff", r.headers["x-content-type-options"])
  end)

  it("answers 404 elsewhere", function()
    assert.equal(404, g:get("/elsewhere").status)
  end)

  it("does not count the demo instances by its limit", function()
    local c = gate.connect("127.0.0.1:" .. map["8081"])
    for _ = 1, 300 do assert.equal(200, c:get("/health").status) end
  end)

  it("limits what comes in at the front", function()
    local c = gate.client(g)
    c:send(gate.http.request("GET", "/elsewhere"):rep(300))
    local limited = 0
    for _ = 1, 300 do
      if c:read().status == 429 then limited = limited + 1 end
    end
    assert.is_true(limited > 0)
  end)
end)
