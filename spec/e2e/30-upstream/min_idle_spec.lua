-- SPDX-License-Identifier: Apache-2.0
-- pool.minIdle: connections that are there before anybody asks for them.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("pool.minIdle", function()
  after_each(gate.cleanup)

  local function start(up, pool, options)
    options = options or {}
    options.service = { pool = pool }
    return gate.proxy(up, options)
  end

  it("opens connections at load, in each worker, and requests use them", function()
    local up = gate.upstream()
    local g = start(up, { minIdle = 3 }, { workers = 2 })
    up:wait_open(6)
    assert.equal(0, #up.requests)
    for _ = 1, 10 do assert.equal(200, g:get("/").status) end
    assert.equal(200, g:post("/", "x").status)
    for _, request in ipairs(up.requests) do assert.is_true(request.connection <= 6) end
  end)

  it("replaces what is lost, used up or too old", function()
    local up = gate.upstream(function(request)
      return 200, "", { Connection = request.target == "/last" and "close" or nil }
    end)
    local g = start(up, { minIdle = 2, idleTimeout = "400ms" })
    up:wait_open(2)
    up:close_connections()
    up:wait_connections(4)
    up:wait_open(2)
    g:get("/last")
    up:wait_connections(5)
    up:wait_open(2)
    up:wait_connections(7) -- idleTimeout
    up:wait_open(2)
  end)

  it("comes again when the instance does, and asks it no more often than it must", function()
    local up = gate.upstream { down = true }
    local g = start(up, { minIdle = 1 })
    assert.equal(502, g:get("/").status)
    up:come_back()
    gate.eventually(function() return g:get("/").status == 200 end, "the instance")
    up:wait_open(1)
    assert.equal(200, g:get("/").status)
  end)

  it("does not hammer an instance that ends every connection at once", function()
    local up = gate.upstream { script = function(connection) connection:close() end }
    local from = gate.now() -- earlier than the first, however late that is seen
    start(up, { minIdle = 1 })
    up:wait_connections(4)
    assert.is_true(gate.now() - from > 1, "four connections in a moment")
  end)

  it("leaves a drained instance alone", function()
    local up = gate.upstream()
    local g = start({ up, gate.upstream() }, { minIdle = 1 })
    up:wait_open(1)
    assert.equal(0, g:cli("drain", "main", up.url, "--control", g.control).code)
    up:close_connections()
    up:wait_open(0)
    gate.pause(0.5)
    assert.equal(1, up.accepted)
    assert.equal(0, g:cli("enable", "main", up.url, "--control", g.control).code)
    up:wait_open(1)
  end)

  it("ends with the last configuration that has the instance", function()
    local up, other = gate.upstream(), gate.upstream()
    local g = start(up, { minIdle = 2 })
    up:wait_open(2)
    assert.equal(0, g:reload().code)
    assert.equal(2, up.open)
    local yaml = g.dir:read("gateway.yaml"):gsub(up.address, other.address)
    g.dir:write("gateway.yaml", yaml)
    assert.equal(0, g:reload().code)
    other:wait_open(2)
    up:wait_open(0)
    assert.equal(2, up.accepted)
    assert.equal(200, g:get("/").status)
  end)

  it("follows instances that come and go with a name, without any request", function()
    local ns, ups = gate.nameserver(), gate.neighbours(2)
    ns:set("users.test", { a = { "127.0.0.1" } })
    start({ { url = "http://users.test:" .. ups[1].port, discover = "addresses" } }, { minIdle = 2 },
      { workers = 2, gateway = { resolver = { servers = { ns.address }, minTtl = "20ms" } } })
    ups[1]:wait_open(4)
    ns:set("users.test", { a = { "127.0.0.2" } })
    ups[2]:wait_open(4)
    ups[1]:wait_open(0)
  end)

  it("is refused where it would be in vain", function()
    for pool, why in pairs {
      ["{ minIdle: 2, max: 1 }"] = "services[0].pool: minIdle: more than may be open, expected at most max",
      ["{ minIdle: 2, idle: 1 }"] = "services[0].pool: minIdle: more than are kept, expected at most idle",
      ["{ minIdle: 2 }, proxyProtocol: v1"] =
        "services[0].pool: minIdle: with proxyProtocol no connection can wait for a request, expected 0",
    } do
      local d = gate.files { yaml = "gateway: { port: ':0' }\nservices: [{ name: x, instances: 'http://127.0.0.1:1', "
        .. "pool: " .. pool .. " }]\n" }
      local r = gate.run("check", "-c", d:join("gateway.yaml"))
      assert.equal(1, r.code)
      assert.truthy((r.out .. r.err):find(why, 1, true), r.out .. r.err)
    end
  end)
end)
