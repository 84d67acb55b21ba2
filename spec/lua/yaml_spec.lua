-- SPDX-License-Identifier: Apache-2.0
-- Routes and plugins that gateway.yaml asks for, beside those of a routes file.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local HEAD = [[
gateway: { port: "127.0.0.1:0" }
services:
  - name: users
    path: /api/users
    instances: [ "http://127.0.0.1:8081" ]
]]


describe("gateway.yaml", function()
  before_each(gate.reset)
  after_each(function()
    files.clean()
    gate.reset()
  end)

  it("makes a route for each service with a path", function()
    local route = gate.routes({ yaml = HEAD }):match("GET /api/users/7")
    assert.equal("users", route.service)
    assert.equal("/api/users", route.strip)
    assert.equal("", route.chain)
  end)

  it("keeps the path where it is told to", function()
    local route = gate.routes({ yaml = HEAD .. "    stripPath: false\n" }):match("GET /api/users/7")
    assert.is_nil(route.strip)
  end)

  it("runs plugins in the order of their list", function()
    local yaml = HEAD .. [[
    plugins:
      - client-id: { from: [ "header:X-Key" ] }
      - rate-limit: { rate: 100/s, burst: 10 }
]]
    assert.equal("client-id -> rate-limit", gate.routes({ yaml = yaml }):match("GET /api/users").chain)
  end)

  it("takes a plugin without settings", function()
    local route = gate.routes({ yaml = HEAD .. "    plugins: [ client-id ]\n" }):match("GET /api/users")
    assert.equal("client-id", route.chain)
  end)

  it("hands settings over as they are meant: numbers, words, lists, tables", function()
    local yaml = HEAD .. [[
    plugins:
      - headers:
          client_id: X-Client-Id
          response: { set: { X-Frame-Options: DENY }, remove: [ Server ] }
      - rate-limit: { rate: 5/m, burst: 1, headers: off, by: ip }
]]
    local routes = gate.routes { yaml = yaml }
    assert.is_nil(routes:request("GET /api/users").status)
    local out = routes:request("GET /api/users")
    assert.equal(429, out.status)
    assert.is_nil(out.headers["RateLimit-Limit"])
    assert.equal("DENY", out.headers["X-Frame-Options"])
  end)

  local wrong = {
    { "an unknown plugin", "    plugins: [ rate-limt ]\n", ":6:", 'did you mean "rate-limit"?' },
    { "a wrong setting", "    plugins:\n      - rate-limit: { rate: fast }\n", ":7:",
      'rate: expected a rate such as "100/s" or "5000/h", got "fast" (string)' },
    { "an unknown setting", "    plugins:\n      - rate-limit: { rate: 1/s, brust: 2 }\n", ":7:",
      'brust: unknown setting; did you mean "burst"?' },
  }
  for _, case in ipairs(wrong) do
    it("reports " .. case[1] .. " with its line", function()
      local ok, why = pcall(gate.routes, { yaml = HEAD .. case[2] })
      assert.is_false(ok)
      for i = 3, #case do assert.truthy(why:find(case[i], 1, true), why) end
      assert.is_table(gate.routes({ yaml = HEAD }):match("GET /api/users"))
    end)
  end

  it("stands beside a routes file, and the more specific route wins", function()
    local path = files.write("routes.lua", 'get "/api/users/me" { reply = { 200, "you" } }')
    local routes = gate.routes { yaml = HEAD, routes = path }
    assert.equal("GET /api/users/me", routes:match("GET /api/users/me").name)
    assert.equal("users", routes:match("GET /api/users/7").service)
  end)

  it("can leave the routes to the routes file", function()
    local path = files.write("routes.lua", 'get "/x" { to = "users" }')
    local routes = gate.routes { yaml = HEAD .. "generatedRoutes: off\n", routes = path }
    assert.equal("users", routes:match("GET /x").service)
    assert.is_nil(routes:match("GET /api/users/7"))
  end)

  it("reports mistakes of both files at once", function()
    local path = files.write("routes.lua", 'get "/x" { too = 1 }')
    local ok, why = pcall(gate.routes, { yaml = HEAD .. "    plugins: [ rate-limt ]\n", routes = path })
    assert.is_false(ok)
    assert.truthy(why:find("rate-limt", 1, true), why)
    assert.truthy(why:find('unknown option "too"', 1, true), why)
  end)
end)
