-- SPDX-License-Identifier: Apache-2.0
-- A reload that is refused: the old configuration stays, file and line are told everywhere.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local GOOD = [[
local p = plugin "mine" { version = "1.0.0", api = 1, schema = {} }
function p:response(req, res) res.headers["X-Mine"] = "good" end
return p
]]


describe("a reload is refused for", function()
  after_each(gate.cleanup)

  local function start()
    return gate.start {
      services = { { name = "main", instances = { gate.upstream() } } },
      plugins = { mine = GOOD }, routes = 'any "/*" { to = service "main", use "mine" {} }',
      workers = 2, expect = { "" },
    }
  end

  local cases = {
    { "a plugin that does not parse", "plugins/mine.lua", "local p =\n  = nonsense\n", "mine.lua:2" },
    { "a plugin that fails to load", "plugins/mine.lua", "\n\nerror('at load')", "mine.lua:3" },
    { "a plugin whose init refuses", "plugins/mine.lua",
      (GOOD:gsub("return p", 'function p:init() return nil, "not today" end\n%0')), "not today" },
    { "routes that do not parse", "routes.lua", "get {{{", "routes.lua:1" },
    { "a route to nowhere", "routes.lua", '\nget "/" { to = service "gone" }', "routes.lua:2" },
    { "a wrong gateway.yaml", "gateway.yaml", "gateway:\n  port: \"127.0.0.1:0\"\n  timeuot: 3\n",
      "gateway.yaml:3:3" },
    { "YAML that is none", "gateway.yaml", "gateway: [\n", "gateway.yaml:" },
  }
  for _, case in ipairs(cases) do
    local name, file, text, where = unpack(case)
    it(name, function()
      local g = start()
      local old = g.dir:read(file)
      g.dir:write(file, text)
      local r = g:reload()
      assert.equal(1, r.code)
      assert.matches(where, r.out .. r.err, 1, true)
      local line = g:wait_log(where:gsub("%p", "%%%0"))
      assert.matches(" error ", line, 1, true)
      for _ = 1, 6 do assert.equal("good", g:get("/").headers["X-Mine"]) end
      g.dir:write(file, old)
      assert.equal(0, g:reload().code)
      assert.equal("good", g:get("/").headers["X-Mine"])
    end)
  end

  it("any number of mistakes, and works again after them", function()
    local g = start()
    for _ = 1, 5 do
      g.dir:write("plugins/mine.lua", "nonsense")
      assert.equal(1, g:reload().code)
    end
    g.dir:write("plugins/mine.lua", (GOOD:gsub("good", "better")))
    assert.equal(0, g:reload().code)
    assert.equal("better", g:get("/").headers["X-Mine"])
  end)

  it("a worker that dies afterwards comes back with what was committed", function()
    local g = start()
    g.dir:write("plugins/mine.lua", "nonsense")
    assert.equal(1, g:reload().code)
    local old = g:workers()
    for _, pid in ipairs(old) do gate.process.kill(pid, gate.process.KILL) end
    g:wait_workers(2, old)
    for _ = 1, 10 do
      gate.eventually(function() return pcall(g.get, g, "/") end, "an answer")
      assert.equal("good", g:get("/").headers["X-Mine"])
    end
  end)
end)
