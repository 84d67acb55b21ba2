-- SPDX-License-Identifier: Apache-2.0
-- The plugins that come with the gateway, on real routes: client-id, rate-limit, headers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
use "client-id" { from = { "header:X-Api-Key", "query:key", "cookie:key" }, hash = false }
get "/who" { to = main, use "headers" { client_id = "X-Client-Id" } }
get "/limited" { to = main, use "rate-limit" { rate = "3/24h", burst = 3 } }
get "/exact" { to = main, use "rate-limit" { rate = "40/24h", burst = 40, by = "route" } }
get "/edited" { to = main, use "headers" {
  request = { set = { ["X-Gateway"] = "lunette" }, remove = { "Cookie" }, add = { ["X-More"] = "1" } },
  response = { remove = { "Server", "X-Powered-By" }, set = { ["X-Frame-Options"] = "DENY" } },
} }
get "/must" { to = main, use "client-id" { required = true, from = { "header:X-Api-Key" } } }
]]


describe("shipped plugin", function()
  local up, g

  setup(function()
    up = gate.upstream(function()
      return 200, "main", { Server = "x", ["X-Powered-By"] = "y", ["X-Stays"] = "z" }
    end)
    g = gate.start { services = { { name = "main", instances = { up } } }, routes = ROUTES, workers = 2 }
  end)
  teardown(gate.cleanup)

  local function client_of(target, options)
    g:get(target, options)
    return up:last().headers["X-Client-Id"]
  end

  it("client-id reads the header first", function()
    local options = { headers = { "X-Api-Key: k1", "Cookie: key=k3" } }
    assert.equal("k1", client_of("/who?key=k2", options))
  end)

  it("client-id reads the query, then the cookie, then takes the address", function()
    assert.equal("k2", client_of("/who?key=k2", { headers = { Cookie = "key=k3" } }))
    assert.equal("k3", client_of("/who", { headers = { Cookie = "key=k3" } }))
    assert.equal("127.0.0.1", client_of("/who"))
  end)

  it("client-id: what the client claims itself is overwritten", function()
    assert.equal("k1", client_of("/who", { headers = { "X-Api-Key: k1", "X-Client-Id: admin" } }))
  end)

  it("client-id required: 401 without one", function()
    assert.equal(401, g:get("/must").status)
    assert.equal(200, g:get("/must", { headers = { ["X-Api-Key"] = "k" } }).status)
  end)

  it("rate-limit counts each client for itself and says how much is left", function()
    for _, key in ipairs { "one", "two" } do
      local options = { headers = { ["X-Api-Key"] = key } }
      for left = 2, 0, -1 do
        local r = g:get("/limited", options)
        assert.equal(200, r.status)
        assert.equal("3", r.headers["RateLimit-Limit"])
        assert.equal(tostring(left), r.headers["RateLimit-Remaining"])
      end
      local r = g:get("/limited", options)
      assert.equal(429, r.status)
      assert.equal("Rate limit exceeded", r:json().error)
      assert.is_true(tonumber(r.headers["Retry-After"]) > 0)
    end
  end)

  it("rate-limit is exact across workers", function()
    local tasks, passed = {}, 0
    for i = 1, 10 do
      tasks[i] = gate.go("client", function()
        local count = 0
        for _ = 1, 6 do
          if g:get("/exact").status == 200 then count = count + 1 end
        end
        return count
      end)
    end
    for _, task in ipairs(tasks) do passed = passed + task:join() end
    assert.equal(40, passed)
  end)

  it("headers edits the request on its way up", function()
    g:get("/edited", { headers = { "Cookie: a=b", "X-Gateway: fake", "X-Gateway: twice" } })
    local h = up:last().headers
    assert.same({ "lunette" }, h:all("X-Gateway"))
    assert.is_nil(h["Cookie"])
    assert.equal("1", h["X-More"])
  end)

  it("headers edits the response on its way down", function()
    local r = g:get("/edited")
    assert.is_nil(r.headers["Server"])
    assert.is_nil(r.headers["X-Powered-By"])
    assert.equal("DENY", r.headers["X-Frame-Options"])
    assert.equal("z", r.headers["X-Stays"])
  end)
end)
