-- SPDX-License-Identifier: Apache-2.0
-- What a repeat must not do.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a repeat", function()
  after_each(gate.cleanup)

  it("that finds no instance does not swallow the next pipelined request", function()
    local up = gate.upstream(function(request, connection)
      if request.method == "PUT" then connection:reset() end
      return 200, request.target
    end)
    local g = gate.proxy(up, { service = { retries = { tries = 3 } } })
    local c = gate.client(g):send(gate.http.request("PUT", "/first", { body = ("x"):rep(30) })
      .. gate.http.request("GET", "/second") .. gate.http.request("GET", "/third"))
    local status = c:read("PUT").status
    assert.is_true(status == 502 or status == 503)
    for _, target in ipairs { "/second", "/third" } do
      local r = c:read()
      if not r then break end
      assert.is_true(r.body == target or r.status == 503, r.body)
    end
  end)

  it("of a PUT whose body is larger than any buffer is not needed: it goes on a proven connection", function()
    local up = gate.upstream(function(_, connection)
      if connection.served > 1 then return connection:close() end
      return 200, "fresh"
    end)
    local g = gate.proxy(up)
    assert.equal("fresh", g:get("/").body)
    local body = gate.pattern(300000)
    local r = g:request("PUT", "/", { body = body })
    assert.is_true(r.status == 200 or r.status == 502)
    local seen = 0
    for _, request in ipairs(up.requests) do
      if request.method == "PUT" and request.complete then seen = seen + 1 end
    end
    assert.is_true(seen <= 2)
    gate.eventually(function() return g:get("/").status == 200 end, "the good path", 15)
  end)

  it("carries exactly the same request", function()
    local bad = gate.upstream(function(_, connection) connection:reset() end)
    local good = gate.upstream()
    local g = gate.proxy { bad, good }
    local options = { headers = { "X-A: 1", "X-B: 2" }, chunks = { "hello", " world" } }
    for _ = 1, 2 do assert.equal(200, g:request("PUT", "/p?q", options).status) end
    for _, request in ipairs(good.requests) do
      assert.equal("/p?q", request.target)
      assert.equal("hello world", request.body)
      assert.same({ "1", "2" }, { request.headers["X-A"], request.headers["X-B"] })
    end
  end)
end)
