-- SPDX-License-Identifier: Apache-2.0
-- A plugin that keeps what it should not: whoever meets the full heap hears who holds it, and is not blamed for it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local HOARD = [[
local p = plugin "hoard" { version = "1.0.0", api = 1, schema = {} }
local kept = {}
function p:request() kept[#kept + 1] = ("x"):rep(1e6) .. #kept return 200, tostring(#kept) end
return p
]]
local NEEDS = [[
local p = plugin "needs" { version = "1.0.0", api = 1, schema = {} }
function p:request() return 200, tostring(#("y"):rep(3e6)) end
return p
]]


describe("a plugin that fills the heap", function()
  after_each(gate.cleanup)

  it("is named to whoever finds no memory, and they are not put out for it", function()
    local g = gate.start {
      plugins = { hoard = HOARD, needs = NEEDS },
      routes = 'get "/hoard" { use "hoard" {}, reply = { 200, "x" } }\n'
        .. 'get "/needs" { use "needs" {}, reply = { 200, "x" } }\n'
        .. 'get "/small" { function(req) return 200, req.method end }',
      expect = { "not enough memory", "keeps failing" }, extra = { lua = { memory = "32m" } },
    }
    assert.equal("3000000", g:get("/needs").body)
    for i = 1, 60 do
      if g:get("/hoard").status ~= 200 then break end
      assert.is_true(i < 40)
    end
    gate.eventually(function() return g:get("/needs").status == 500 end, "a full heap")
    for _ = 1, 8 do
      assert.equal(500, g:get("/needs").status)
      assert.equal("GET", g:get("/small").body)
    end
    local line = g:wait_log("plugin needs failed in request: .*not enough memory: this run took")
    assert.matches("the handlers of GET /hoard hold most, about 2%d%.%d MiB", line)
    assert.is_nil(g:logged("plugin needs .*keeps failing"))
    g.dir:write("plugins/hoard.lua", (HOARD:gsub("kept%[#kept %+ 1%] = ", "local _ = ")))
    assert.equal(0, g:reload().code)
    assert.equal("3000000", g:get("/needs").body)
  end)
end)
