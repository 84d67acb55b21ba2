-- SPDX-License-Identifier: Apache-2.0
-- Bytes of an instance that belong to no answer: they must not become one.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a response that goes on after its end", function()
  after_each(gate.cleanup)

  it("does not become the answer to the next request", function()
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/poison" then return 200, request.target end
      connection:send(gate.http.response(200, "one") .. gate.http.response(200, "poison"))
    end)
    local g = gate.proxy(up)
    local c = gate.client(g)
    assert.equal("one", c:get("/poison").body)
    assert.equal("/next", c:get("/next").body)
    assert.equal(2, up.accepted)
  end)

  it("does not reach the client after HEAD either", function()
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/poison" then return 200, request.target end
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    end)
    local c = gate.client(gate.proxy(up))
    assert.equal(200, c:request("HEAD", "/poison").status)
    assert.equal("/next", c:get("/next").body)
  end)

  it("an answer that nobody asked for is thrown away with its connection", function()
    local up = gate.upstream()
    local g = gate.proxy(up)
    g:get("/")
    up.connections[1]:send(gate.http.response(200, "unsolicited"))
    up:wait_open(0)
    assert.equal("upstream", g:get("/").body)
  end)

  it("one byte is enough for that", function()
    local up = gate.upstream()
    local g = gate.proxy(up)
    g:get("/")
    up.connections[1]:send("H")
    up:wait_open(0)
    assert.equal(200, g:post("/", "x").status)
    assert.equal(2, up.accepted)
    assert.truthy(g:cli("metrics", "--control", g.control).out:find("\nlunette_idle_unsolicited_total 1\n"))
  end)

  -- The bytes come with the request, so that nobody can see them before: the answer is none, and no second request is
  -- answered with what is left of it.
  for name, bytes in pairs {
    ["bytes of no response"] = "garbage" .. gate.http.response(200, "late"),
    ["an empty line"] = "\r\n" .. gate.http.response(200, "late"),
    ["the rest of a response"] = "5\r\nhello\r\n0\r\n\r\n" .. gate.http.response(200, "late"),
  } do
    it(name .. " before the response end the connection", function()
      local up = gate.upstream(function(request, connection)
        if request.target ~= "/bad" then return 200, request.target end
        connection:send(bytes)
      end)
      local g = gate.proxy(up, { expect = { "bad response" } })
      local c = gate.client(g)
      c:get("/first")
      assert.equal(502, c:post("/bad", "x").status)
      up:wait_open(0)
      assert.equal("/next", c:get("/next").body)
      assert.equal(2, up.accepted)
    end)
  end
end)
