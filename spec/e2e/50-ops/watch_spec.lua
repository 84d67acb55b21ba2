-- SPDX-License-Identifier: Apache-2.0
-- Saving a file is enough: plugins, routes, gateway.yaml are live on save.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function plugin(version)
  return ([[
local p = plugin "mine" { version = "1.0.0", api = 1, schema = {} }
function p:response(req, res) res.headers["X-Version"] = %q end
return p
]]):format(version)
end


describe("with reload.watch", function()
  after_each(gate.cleanup)

  local function start(expect)
    return gate.start {
      services = { { name = "main", path = "/made", instances = { gate.upstream() } } },
      plugins = { mine = plugin "one" }, watch = true, expect = expect,
      routes = 'get "/" { to = service "main", use "mine" {} }',
    }
  end

  local function wait_version(g, version)
    gate.eventually(function() return g:get("/").headers["X-Version"] == version end, "version " .. version)
  end

  it("a plugin is live when it is saved", function()
    local g = start()
    local c = gate.client(g)
    assert.equal("one", c:get("/").headers["X-Version"])
    g.dir:write("plugins/mine.lua", plugin "two")
    wait_version(g, "two")
    assert.equal("two", c:get("/").headers["X-Version"])
  end)

  it("a plugin that is written in place is live, too", function()
    local g = start()
    local file = io.open(g.dir:join("plugins/mine.lua"), "w")
    file:write(plugin "in place")
    file:close()
    wait_version(g, "in place")
  end)

  it("again and again", function()
    local g = start()
    for i = 1, 5 do
      g.dir:write("plugins/mine.lua", plugin("v" .. i))
      wait_version(g, "v" .. i)
    end
  end)

  it("routes are live when they are saved", function()
    local g = start()
    g.dir:write("routes.lua", 'get "/fresh" { reply = { 200, "fresh" } }')
    gate.eventually(function() return g:get("/fresh").status == 200 end, "the new route")
    assert.equal(404, g:get("/").status)
  end)

  it("a directory of routes is live: files that change, come and go", function()
    local g = gate.start { watch = true, extra = { routes = "routes" },
      files = { ["routes/one.lua"] = 'get "/one" { reply = { 200, "1" } }' } }
    local function wait_status(target, status)
      gate.eventually(function() return g:get(target).status == status end, target .. " " .. status)
    end
    assert.equal(200, g:get("/one").status)
    g.dir:write("routes/two.lua", 'get "/two" { reply = { 200, "2" } }')
    wait_status("/two", 200)
    g.dir:write("routes/two.lua", 'get "/three" { reply = { 200, "3" } }')
    wait_status("/three", 200)
    os.remove(g.dir:join("routes/one.lua"))
    wait_status("/one", 404)
  end)

  it("gateway.yaml is live when it is saved", function()
    local g = start()
    g.dir:write("gateway.yaml", (g.dir:read("gateway.yaml"):gsub("/made", "/renamed")))
    gate.eventually(function() return g:get("/renamed").status == 200 end, "the new path")
    assert.equal(404, g:get("/made").status)
  end)

  it("a broken plugin leaves the old one, and the log names file and line", function()
    local g = start { "mine%.lua:2", "stays in use" }
    g.dir:write("plugins/mine.lua", "local p =\n  = nonsense\n")
    g:wait_log("mine%.lua:2")
    assert.equal("one", g:get("/").headers["X-Version"])
    g.dir:write("plugins/mine.lua", plugin "repaired")
    wait_version(g, "repaired")
  end)

  it("a new file in the plugin directory can be used", function()
    local g = start()
    g.dir:write("plugins/other.lua", (plugin("other"):gsub('"mine"', '"other"')))
    g.dir:write("routes.lua", 'get "/" { to = service "main", use "other" {} }')
    wait_version(g, "other")
  end)
end)
