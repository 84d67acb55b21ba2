-- SPDX-License-Identifier: Apache-2.0
-- Standard plugins that decide about requests, on real routes: redirect, path-rewrite, request-id, ip-restriction, access,
-- request-size, maintenance, mock.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
get "/old/:id" { use "redirect" { to = "/new/{req.params.id}", status = 301 } }
any "/secure/*" { to = main, use "redirect" { https = true } }
any "/v1/*" { to = main, use "path-rewrite" { strip = "/v1", prefix = "/api" } }
get "/account" { to = main, use "path-rewrite" { to = "/accounts/{req.args.id}" } }
get "/id" { to = main, use "request-id" { form = "uuid4" } }
get "/counted" { to = main, use "access" { allow = { { client = { "10.0.0.5", "header:X-T:t1" } } } } }
get "/listed" { to = main, use "ip-restriction" { deny = { "file:bad.txt" } } }
any "/ruled/*" { to = main, use "access" {
  deny = { { method = { "DELETE" } }, { path = { "/ruled/private/*" } }, { header = { ["X-Evil"] = "*" } } },
} }
any "/small" { to = main, use "request-size" { max = "10k" } }
any "/small/read" {
  use "request-size" { max = "10k" },
  function(req) return 200, select(2, req:read_body("1m")) or tostring(#req.body) end,
}
get "/closed" { to = main, use "maintenance" { page = "page.html", pass = { ["X-Pass"] = "word" } } }
get "/mock/:name" { use "mock" { delay = "20ms", json = { hello = "you" } } }
]]


describe("shipped plugins for requests", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, ("%s %s"):format(request.target, #(request.body or "")) end)
    g = gate.start {
      services = { { name = "main", instances = { up } } }, routes = ROUTES, watch = true,
      gateway = { trustedProxies = { "127.0.0.0/8" }, identity = { from = { "header:X-T", "address" } } },
      files = { ["bad.txt"] = "# nobody yet\n", ["page.html"] = "<h1>Soon</h1>" },
    }
  end)
  teardown(gate.cleanup)

  it("redirect sends elsewhere without asking the service", function()
    local before = #up.requests
    local r = g:get("/old/a%20b?x=1")
    assert.equal(301, r.status)
    assert.equal("/new/a%20b?x=1", r.headers["Location"])
    assert.equal("", r.body)
    assert.equal(before, #up.requests)
  end)

  it("redirect to https does not go round in circles behind a proxy that has TLS", function()
    local r = g:get("/secure/x", { headers = { "Host: shop.example:80" } })
    assert.equal("https://shop.example/secure/x", r.headers["Location"])
    assert.equal(200, g:get("/secure/x", { headers = { "X-Forwarded-Proto: https" } }).status)
    assert.equal(307, g:get("/secure/x", { headers = { "X-Forwarded-Proto: http" } }).status)
  end)

  it("access takes nobody for an address who only says one", function()
    local function status(...) return g:get("/counted", { headers = { ... } }).status end
    assert.equal(403, status("X-T: 10.0.0.5"))
    assert.equal(403, status("X-T: header:X-T:t1"))
    assert.equal(200, status("X-T: t1"))
    assert.equal(200, status("X-Forwarded-For: 10.0.0.5"))
    assert.equal(403, status("X-Forwarded-For: 10.0.0.6"))
  end)

  it("path-rewrite gives the service another path", function()
    assert.equal("/api/users/7?x=%20y 0", g:get("/v1/users/7?x=%20y").body)
    assert.equal("/api/ 0", g:get("/v1").body)
    assert.equal("/accounts/7?id=7 0", g:get("/account?id=7").body)
  end)

  it("path-rewrite is not led out of its place", function()
    for _, id in ipairs { "..", "../admin", "%2e%2e", "%2e%2e%2fadmin", ".%2e/%2e." } do
      local r = g:get("/account?id=" .. id)
      assert.equal(400, r.status, id)
      assert.equal("bad_path", r.headers["X-Lunette-Reason"], id)
    end
    assert.equal(200, g:get("/account?id=7").status)
  end)

  it("request-id tells service and client the same", function()
    local r = g:get("/id")
    assert.truthy(r.headers["X-Request-Id"]:find("^%x+%-%x+%-4"))
    assert.same({ r.headers["X-Request-Id"] }, up:last().headers:all("X-Request-Id"))
  end)

  it("ip-restriction follows its file", function()
    assert.equal(200, g:get("/listed").status)
    g.dir:write("bad.txt", "127.0.0.0/8 # all of us\n")
    gate.eventually(function() return g:get("/listed").status == 403 end, "the new list")
    g.dir:write("bad.txt", "")
    gate.eventually(function() return g:get("/listed").status == 200 end, "the empty list")
  end)

  it("access refuses what fits a rule", function()
    assert.equal(403, g:request("DELETE", "/ruled/x").status)
    assert.equal(403, g:get("/ruled/private/x").status)
    assert.equal(403, g:get("/ruled/./private/x").status)
    assert.equal(403, g:get("/ruled/%70rivate/x").status)
    assert.equal(403, g:get("/ruled/x", { headers = { "x-evil: 1" } }).status)
    assert.equal(200, g:get("/ruled/x").status)
  end)

  it("maintenance closes, with a page for browsers", function()
    local r = g:get("/closed", { headers = { "Accept: text/html" } })
    assert.equal(503, r.status)
    assert.equal("<h1>Soon</h1>", r.body)
    assert.equal("300", r.headers["Retry-After"])
    assert.equal("maintenance", g:get("/closed"):json().code)
    assert.equal(200, g:get("/closed", { headers = { "X-Pass: word" } }).status)
  end)

  it("mock answers a route without a service", function()
    local r = g:get("/mock/ann")
    assert.equal(200, r.status)
    assert.same({ hello = "you" }, r:json())
  end)

  describe("request-size", function()
    it("lets content through up to its size", function()
      assert.equal("/small 10240", g:post("/small", ("x"):rep(10240)).body)
    end)

    it("refuses by length before anything is read, and the service hears nothing", function()
      local before = #up.requests
      local c = gate.client(g)
      c:send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 10241\r\nExpect: 100-continue\r\n\r\n")
      local r = c:read("POST")
      assert.equal(413, r.status)
      assert.equal("body_too_large", r.headers["X-Lunette-Reason"])
      assert.equal(before, #up.requests)
    end)

    it("refuses chunks as soon as they are too many", function()
      local c = gate.client(g)
      c:send("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      c:send("2000\r\n" .. ("x"):rep(0x2000) .. "\r\n")
      c:send("2000\r\n" .. ("x"):rep(0x2000) .. "\r\n")
      local r = c:read("POST")
      assert.equal(413, r.status)
      assert.is_true(c:is_closed())
      assert.equal("/small 5", g:post("/small", "12345").body)
    end)

    it("bounds what a handler reads", function()
      assert.equal("10240", g:post("/small/read", ("x"):rep(10240)).body)
      assert.equal(413, g:post("/small/read", ("x"):rep(10241)).status)
      local c = gate.client(g)
      c:send("POST /small/read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      c:send("2801\r\n" .. ("x"):rep(0x2801) .. "\r\n0\r\n\r\n")
      assert.equal("too large", c:read("POST").body)
    end)
  end)
end)
