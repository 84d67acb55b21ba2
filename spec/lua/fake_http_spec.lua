-- SPDX-License-Identifier: Apache-2.0
-- gate.http: what answers the requests of plugins in specs.

local gate = require "lunette.spec"

local http = gate.http


describe("gate.http", function()
  before_each(gate.reset)

  it("answers what was named", function()
    http:on("POST http://authz/check", 200, { user = "ann" }, { ["X-A"] = "1" })
    assert.same({
      status = 200, body = '{"user":"ann"}', headers = { { "X-A", "1" }, { "Content-Type", "application/json" } },
    }, http:answer { method = "POST", url = "http://authz/check" })
  end)

  it("answers for services", function()
    http:on("GET users/me", 204)
    assert.equal(204, http:answer { method = "GET", service = "users", path = "/me" }.status)
  end)

  it("asks a function", function()
    http:on("PUT http://a/*", function(request)
      return 200, { name = request.name, who = request.headers["x-who"], n = request.json().n }
    end)
    local request = { method = "PUT", url = "http://a/b?c=d", headers = { ["X-Who"] = "me" }, body = '{"n":1}' }
    local reply = http:answer(request)
    assert.equal('{"n":1,"name":"PUT http://a/b?c=d","who":"me"}', reply.body)
  end)

  it("fails when it is told to", function()
    http:on("GET http://slow/", nil, "timed out")
    local reply, why = http:answer { method = "GET", url = "http://slow/" }
    assert.is_nil(reply)
    assert.equal("timed out", why)
  end)

  it("does not care whether a host has a slash behind it", function()
    http:on("GET http://a", 200):on("GET http://b/", 201)
    assert.equal(200, http:answer { method = "GET", url = "http://a/" }.status)
    assert.equal(201, http:answer { method = "GET", url = "http://b" }.status)
  end)

  it("matches without the query, or with it", function()
    http:on("GET http://a/x", 200):on("GET http://a/x?y=1", 201)
    assert.equal(200, http:answer { method = "GET", url = "http://a/x?y=2" }.status)
    assert.equal(201, http:answer { method = "GET", url = "http://a/x?y=1" }.status)
  end)

  it("takes the newest, and signs for what they are", function()
    http:on("GET http://a.b/", 200):on("GET http://a.b/", 201)
    assert.equal(201, http:answer { method = "GET", url = "http://a.b/" }.status)
    assert.has_error(function() http:answer { method = "GET", url = "http://aXb/" } end)
  end)

  it("keeps the requests until reset", function()
    http:on("GET http://a/*", 200)
    http:answer { method = "GET", url = "http://a/1" }
    http:answer { method = "GET", url = "http://a/2", body = "x" }
    assert.equal("GET http://a/2", http.requests[2].name)
    assert.equal("x", http.requests[2].body)
    gate.reset()
    assert.same({}, http.requests)
    assert.has_error(function() http:answer { method = "GET", url = "http://a/1" } end)
  end)

  it("says what to do about a request that nobody has named", function()
    local ok, why = pcall(http.answer, http, { method = "GET", url = "http://a/1?x=1" })
    assert.is_false(ok)
    assert.truthy(why:find('http: the spec has no answer for "GET http://a/1?x=1"; '
      .. 'gate.http:on("GET http://a/1", status, body) gives one', 1, true), why)
  end)

  it("refuses what is no request", function()
    for _, name in ipairs { "http://a/", "get http://a/", "GET", "GET a b" } do
      assert.has_error(function() http:on(name, 200) end)
    end
    assert.has_error(function() http:on("GET http://a/", "200") end)
  end)
end)
