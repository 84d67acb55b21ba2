-- SPDX-License-Identifier: Apache-2.0
-- split over real services: exact across workers, sticky, kept over a reload.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function start(routes, workers)
  return gate.start {
    workers = workers or 1,
    services = {
      { name = "a", instances = { gate.upstream { name = "a" } } },
      { name = "b", instances = { gate.upstream { name = "b" } } },
    },
    routes = 'local a, b = service "a", service "b"\n' .. routes,
  }
end


local function count(g, n, options)
  local seen = { a = 0, b = 0 }
  for i = 1, n do
    local body = g:get("/x", options and options(i)).body
    seen[body] = seen[body] + 1
  end
  return seen
end


describe("split", function()
  after_each(gate.cleanup)

  it("is exact over all workers", function()
    local g = start('get "/x" { to = split { { a, 90 }, { b, 10 } } }', 2)
    assert.same({ a = 180, b = 20 }, count(g, 200))
  end)

  it("goes on where it was after a reload", function()
    local routes = 'get "/x" { to = split { { a, 3 }, { b, 1 } } }'
    local g = start(routes)
    assert.same({ a = 2, b = 1 }, count(g, 3))
    g.dir:write("routes.lua", 'local a, b = service "a", service "b"\n-- later\n' .. routes)
    g:reload()
    assert.same({ a = 1, b = 0 }, count(g, 1))
    assert.same({ a = 30, b = 10 }, count(g, 40))
  end)

  it("keeps a client at one service, in every worker", function()
    local g = start('get "/x" { to = split { { a, 50 }, { b, 50 }, by = "header:X-User" } }', 2)
    local at, kinds = {}, {}
    for round = 1, 4 do
      for user = 1, 12 do
        local body = g:get("/x", { headers = { ["X-User"] = "user " .. user } }).body
        at[user] = at[user] or body
        assert.equal(at[user], body, "round " .. round)
        kinds[body] = true
      end
    end
    assert.same({ a = true, b = true }, kinds)
  end)

  it("goes by the identity that a plugin has given", function()
    local g = start [[
      use "client-id" { from = { "header:X-Api-Key" } }
      get "/x" { to = split { { a, 50 }, { b, 50 }, by = "client" } } ]]
    local seen = count(g, 40, function(i) return { headers = { ["X-Api-Key"] = "key " .. i } } end)
    assert.is_true(seen.a > 5 and seen.b > 5)
  end)
end)
