-- SPDX-License-Identifier: Apache-2.0
-- A hostile plugin costs its own request an error that names it, and nobody else anything: see cases.lua.

local here = debug.getinfo(1, "S").source:match("^@(.-)[^/]*$")
local gate = dofile(here .. "../../support/gate.lua")
local cases = dofile(here .. "cases.lua")

local PLUGIN = [[
%slocal p = plugin "%s" { version = "1.0.0", api = 1, schema = {} }
function p:%s(req, res, chunk)
%s
end
return p
]]


local function plugin(case, code)
  local o = case[4] or {}
  return PLUGIN:format(o.outside or "", case[1], o.handler or "request", code or case[2])
end


describe("a hostile plugin:", function()
  local up, g

  setup(function()
    local plugins, routes = {}, { 'local main = service "main"', 'get "/good" { reply = { 200, "good" } }' }
    for _, case in ipairs(cases) do
      local o = case[4] or {}
      plugins[case[1]] = plugin(case)
      routes[#routes + 1] = ('get "/%s" { to = main, use "%s" { %s } }'):format(case[1], case[1], o.settings or "")
    end
    up = gate.upstream(function() return 200, "main" end)
    g = gate.start {
      services = { { name = "main", instances = { up } } }, plugins = plugins, routes = table.concat(routes, "\n"),
      workers = 2, expect = { " failed in " }, extra = { lua = { budget = cases.budget .. "ms", memory = "32m" } },
    }
  end)
  teardown(gate.cleanup)

  -- Requests to another route are answered on other connections, in either worker, until `task` has ended.
  local function innocents(task)
    local n = 0
    repeat
      assert.equal("good", g:get("/good", { timeout = 5 }).body)
      n = n + 1
    until task.done
    return n
  end

  local function check_line(case, line)
    local o = case[4] or {}
    local parts = { "plugin " .. case[1] .. " failed in " .. (o.handler or "request") }
    parts[2], parts[3] = "GET /" .. case[1], "routes.lua:"
    if o.place ~= false then
      local place = line:match("plugins/" .. case[1]:gsub("%p", "%%%0") .. "%.lua:(%d+)")
      assert.truthy(place or line:find("routes.lua:%d+: ran"), line)
    end
    for _, part in ipairs(parts) do assert.truthy(line:find(part, 1, true), part .. " in " .. line) end
    local found
    for _, text in ipairs { case[3], o.either, o.either2 } do found = found or line:find(text, 1, true) end
    assert.truthy(found, case[3] .. " in " .. line)
  end

  for _, case in ipairs(cases) do
    it(case[1], function()
      local o, before, from = case[4] or {}, g:workers(), #g:log()
      local crowded, begun = g:crowded_out(), gate.now()
      local task = gate.go("hostile", function() return g:get("/" .. case[1], { timeout = 10 }) end)
      innocents(task)
      local r, took = task:join(), gate.now() - begun - (g:crowded_out() - crowded)
      if o.cut then
        assert.is_false(r.complete)
      else
        assert.equal(o.served and 200 or 500, r.status)
      end
      check_line(case, g:wait_log("plugin " .. case[1]:gsub("%p", "%%%0") .. " failed in", nil, from + 1))
      assert.same(before, g:workers())
      if gate.slow == 1 then assert.is_true(took < cases.budget / 1000 + 1, ("took %.3f s"):format(took)) end
    end)
  end

  it("and all of them work again once their files are fixed", function()
    for _, case in ipairs(cases) do
      g.dir:write("plugins/" .. case[1] .. ".lua", plugin(case, "local x = 1"))
    end
    local routes = g.dir:read("routes.lua"):gsub("when = function%(%) while true do end end", "")
    g.dir:write("routes.lua", routes)
    assert.equal(0, g:reload().code)
    for _, case in ipairs(cases) do
      local r = g:get("/" .. case[1])
      assert.equal("main", r.body, case[1])
    end
  end)
end)
