-- SPDX-License-Identifier: Apache-2.0
-- A plugin that is hostile while it is loaded costs its reload, and nobody a request.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local GOOD = [[
local p = plugin "mine" { version = "1.0.0", api = 1, schema = { x = t.integer { default = 1 } } }
%s
function p:request(req) return 200, "mine" end
return p
]]

local cases = {
  { "an endless top level", "while true do end", "mine.lua:2: ran for more than 3000 ms" },
  { "an endless init", "function p:init()\nwhile true do end end", "mine.lua:3: ran for more than 3000 ms" },
  { "an endless init that catches errors",
    "function p:init() while true do pcall(function() while true do end end) end end",
    "mine.lua:2: ran for more than 3000 ms" },
  { "endless memory",
    "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end", "mine.lua:1: not enough memory" },
  { "endless memory in init", "function p:init() local s = 'x' while true do s = s .. s end end", "not enough memory" },
  { "a stack that overflows", "local function f() return 1 + f() end f()", "stack overflow" },
  { "a yield", "coroutine.yield()", "mine.lua:2:" },
  { "a wait", "sleep(1)", "mine.lua:2:" },
  { "bytecode", "\27LJ\2", "mine.lua:" },
  { "a global", "leak = 1", 'mine.lua:2: assignment to undeclared name "leak"' },
  { "a module that is not there", "require 'ffi'", "mine.lua:2: require: no module" },
  { "an error that is none", "error(nil)", "mine.lua:1: raised a nil" },
  { "a catastrophic pattern", "; ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40))",
    "mine.lua:2: the pattern takes too long" },
}


describe("a plugin that is loaded with", function()
  local g

  setup(function()
    g = gate.start {
      plugins = { mine = GOOD:format("") },
      routes = 'get "/" { use "mine" {}, reply = { 200, "reply" } }\nget "/good" { reply = { 200, "good" } }',
      workers = 2, expect = { "reload", "mine", "not enough memory" },
      extra = { lua = { budget = "50ms", memory = "32m" } },
    }
  end)
  teardown(gate.cleanup)

  for _, case in ipairs(cases) do
    it(case[1] .. " costs the reload", function()
      local before = g:workers()
      g.dir:write("plugins/mine.lua", GOOD:format(case[2]))
      local task = gate.go("reload", function() return g:reload() end)
      repeat assert.equal("good", g:get("/good").body) until task.done
      local r = task:join()
      assert.equal(1, r.code)
      assert.matches(case[3], r.out .. r.err, 1, true)
      assert.equal("mine", g:get("/").body)
      assert.same(before, g:workers())
      g.dir:write("plugins/mine.lua", GOOD:format(""))
      assert.equal(0, g:reload().code)
      assert.equal("mine", g:get("/").body)
    end)
  end
end)
