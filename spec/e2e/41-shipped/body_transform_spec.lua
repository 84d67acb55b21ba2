-- SPDX-License-Identifier: Apache-2.0
-- body-transform on real connections: what the service gets, and what the client does.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
any "/users" { to = main, use "body-transform" {
  max = "64k",
  request = { remove = { "role" }, set = { ["meta.by"] = "{client.id}" } },
  response = { remove = { "users[].password" }, rename = { users = "people" } },
} }
]]


describe("body-transform", function()
  local up, g, answer

  setup(function()
    up = gate.upstream(function(request, connection) return answer(request, connection) end)
    g = gate.start {
      services = { { name = "main", instances = { up } } },
      expect = { "plugin body%-transform failed in body" },
      routes = ROUTES,
    }
  end)
  teardown(gate.cleanup)
  before_each(function()
    answer = function(request) return 200, request.body, { "Content-Type: application/json" } end
  end)

  local JSON = { headers = { "Content-Type: application/json" } }

  it("changes what the service gets, with its new length", function()
    local r = g:post("/users", '{"name":"x","role":"admin","big":12345678901234567890}', JSON)
    local expected = '{"name":"x","big":12345678901234567890,"meta":{"by":"127.0.0.1"}}'
    assert.equal(expected, up:last().body)
    assert.equal(tostring(#expected), up:last().headers["Content-Length"])
    assert.equal(expected, r.body)
  end)

  it("reads content in chunks", function()
    local c = gate.client(g)
    c:send("POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    c:trickle(gate.http.chunked { '{"ro', 'le":1,"a"', ":2}" }, 0.001)
    assert.equal(200, c:read("POST").status)
    assert.equal('{"a":2,"meta":{"by":"127.0.0.1"}}', up:last().body)
  end)

  it("refuses what is no JSON, or too much, and goes on", function()
    local before = #up.requests
    assert.equal(400, g:post("/users", '{"a":', JSON).status)
    assert.equal(413, g:post("/users", '"' .. ("x"):rep(65536) .. '"', JSON).status)
    assert.equal(before, #up.requests)
    assert.equal(200, g:post("/users", "{}", JSON).status)
  end)

  it("changes what the client gets, however it comes", function()
    local text = '{"users":[{"id":1,"password":"x"},{"id":2,"password":"y"}]}'
    local expected = '{"people":[{"id":1},{"id":2}]}'
    for _, size in ipairs { 1, 5, 100 } do
      answer = function(_, connection)
        local list = {}
        for at = 1, #text, size do list[#list + 1] = text:sub(at, at + size - 1) end
        connection:send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
          .. gate.http.chunked(list))
      end
      assert.equal(expected, g:get("/users").body)
    end
    answer = function() return 200, text, { "Content-Type: application/json" } end
    local r = g:get("/users", { version = "1.0" })
    assert.equal(expected, r.body)
    assert.is_nil(r.headers["Content-Length"])
  end)

  it("never lets through what it cannot change", function()
    answer = function() return 200, "zipped", { "Content-Type: application/json", "Content-Encoding: gzip" } end
    assert.equal(502, g:get("/users").status)
    answer = function() return 200, ("[1]"):rep(30000), { "Content-Type: application/json" } end
    assert.equal(502, g:get("/users").status)
    answer = function() return 200, '{"users":[', { "Content-Type: application/json" } end
    local r = gate.client(g):send(gate.http.request("GET", "/users")):read()
    assert.is_false(r.complete)
    assert.equal("", r.body)
    answer = function() return 200, "{}", { "Content-Type: application/json" } end
    assert.equal("{}", g:get("/users").body)
  end)
end)
