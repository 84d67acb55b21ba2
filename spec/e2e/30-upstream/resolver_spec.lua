-- SPDX-License-Identifier: Apache-2.0
-- gateway.resolver: which name servers are asked, and from when on.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local ASK = [[
get "/ask" {
  function(req)
    local res, err = http.get("http://" .. req.args.host .. "/")
    if not res then return 502, tostring(err) end
    return res.status, res.body
  end
}
]]


describe("gateway.resolver", function()
  after_each(gate.cleanup)

  local function start(servers, options)
    options = options or {}
    options.gateway = { resolver = { servers = servers, timeout = "300ms", minTtl = "20ms" } }
    options.routes = ASK
    return gate.start(options)
  end

  it("says which servers are asked", function()
    local up, ns = gate.upstream(), gate.nameserver()
    ns:set("plugin.test", { a = { "127.0.0.1" } })
    local g = start { ns.address }
    assert.equal(200, g:get("/ask?host=plugin.test:" .. up.port).status)
    assert.is_true(ns.asked["plugin.test"] > 0)
  end)

  it("takes an answer that fits no datagram over TCP", function()
    local up, ns = gate.upstream(), gate.nameserver()
    ns:set("plugin.test", { a = { "127.0.0.1" }, truncated = true })
    local g = start { ns.address }
    assert.equal(200, g:get("/ask?host=plugin.test:" .. up.port).status)
  end)

  it("changes servers with a reload", function()
    local up, first, second = gate.upstream(), gate.nameserver(), gate.nameserver()
    second:set("plugin.test", { a = { "127.0.0.1" } })
    local g = start { first.address }
    assert.equal(502, g:get("/ask?host=plugin.test:" .. up.port).status)
    g.dir:write("gateway.yaml", (g.dir:read("gateway.yaml"):gsub(first.address:gsub("%.", "%%."), second.address)))
    assert.equal(0, g:reload().code)
    assert.equal(200, g:get("/ask?host=plugin.test:" .. up.port).status)
  end)

  it("refuses what is no address of a server", function()
    for _, text in ipairs { "ns.test", "192.0.2.0/24", "192.0.2.1:0", "unix:x", ":53" } do
      local d = gate.files { gateway = { resolver = { servers = { text } } } }
      local r = gate.run("check", "-c", d:join("gateway.yaml"))
      assert.equal(1, r.code, text)
      assert.is_truthy((r.err .. r.out):find(
        ('gateway.resolver.servers[0]: got "%s", expected an address'):format(text), 1, true), r.err)
    end
    local d = gate.files { gateway = { resolver = { servers = { "192.0.2.1", "2001:db8::1", "[2001:db8::1]:53" } } } }
    assert.equal(0, gate.run("check", "-c", d:join("gateway.yaml")).code)
  end)
end)
