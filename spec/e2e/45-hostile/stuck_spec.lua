-- SPDX-License-Identifier: Apache-2.0
-- A trusted plugin that blocks its whole worker: the supervisor kills, names it, and two strikes are enough.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local STUCK = [[
local stuck = plugin "stuck" { version = "1.0.0", api = 1, schema = {} }
ffi.cdef "int pause(void);"
function stuck:request(req)
  while true do ffi.C.pause() end
end
return stuck
]]


describe("a plugin that blocks its worker", function()
  after_each(gate.cleanup)

  it("is named when the supervisor kills, and is not run after the second time", function()
    local g = gate.start {
      plugins = { stuck = STUCK }, workers = 3,
      routes = 'get "/stuck" { use "stuck" {}, reply = { 200, "well" } }\nget "/good" { reply = { 200, "good" } }',
      extra = { plugins = { trusted = { "stuck" } } },
      expect = { "has not moved", "was killed by signal 9", "2 strikes", "plugin stuck failed" },
    }
    local before = g:workers()
    local function ask() return pcall(g.get, g, "/stuck", { timeout = 30 }) end
    -- The kernel chooses the worker of a connection: as many as it takes until two are stuck.
    local stuck = {}
    for i = 1, 24 do stuck[i] = gate.go("stuck", ask) end
    g:wait_log("2 strikes: it is in quarantine until the next reload", 40)
    local line = g:wait_log("has not moved for 10 seconds, in ")
    for _, part in ipairs { "plugin stuck", "routes.lua:1", "handler request", "route GET /stuck" } do
      assert.truthy(line:find(part, 1, true), part .. " in " .. line)
    end
    for _, task in ipairs(stuck) do task:join(60) end
    g:wait_workers(3, { before[1], before[2] }, 30)
    gate.eventually(function()
      local ok, r = ask()
      return ok and r.status == 500
    end, "an answer without a run", 20)
    for _ = 1, 6 do assert.equal("good", g:get("/good").body) end
    local status = g:cli("status", "--control", g.control).out
    assert.matches("plugin stuck .*: until the next reload, after %d strikes", status)
    g.dir:write("plugins/stuck.lua", (STUCK:gsub("while true[^\n]*", "")))
    assert.equal(0, g:reload().code)
    assert.equal("well", g:get("/stuck").body)
  end)
end)
