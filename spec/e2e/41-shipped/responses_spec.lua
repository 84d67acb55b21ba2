-- SPDX-License-Identifier: Apache-2.0
-- Standard plugins that look after the heads of responses, on real routes: cors, security-headers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
local gone = service "gone" { instances = { "http://127.0.0.1:1" } }
local CORS = { origins = { "https://a.example" }, credentials = true, exposed = { "X-Total" } }
get "/safe" { to = main, use "security-headers" { csp = "default-src 'self'" } }
get "/api/items" { to = main, use "cors" (CORS) }
post "/api/items" { to = main, use "cors" (CORS), use "rate-limit" { rate = "1/h", burst = 1 } }
get "/api/gone" { to = gone, use "cors" (CORS) }
get "/api/broken" { use "cors" (CORS), function() error("oops") end }
]]

local A = "Origin: https://a.example"


describe("shipped plugins for responses", function()
  local up, g

  setup(function()
    up = gate.upstream(function()
      return 200, "main", { Server = "x", Vary = "Accept", ["Access-Control-Allow-Origin"] = "*" }
    end)
    g = gate.start {
      services = { { name = "main", instances = { up } } }, routes = ROUTES, expect = { "oops" },
      gateway = { trustedProxies = { "127.0.0.1" } },
    }
  end)
  teardown(gate.cleanup)

  it("security-headers adds and takes out", function()
    local h = g:get("/safe").headers
    assert.equal("nosniff", h["X-Content-Type-Options"])
    assert.equal("default-src 'self'", h["Content-Security-Policy"])
    assert.is_nil(h["Server"])
    assert.is_nil(h["Strict-Transport-Security"])
    assert.truthy(g:get("/safe", { headers = { "X-Forwarded-Proto: https" } }).headers["Strict-Transport-Security"])
  end)

  it("cors answers preflights of routes for other methods, and the service hears nothing", function()
    local before = #up.requests
    local r = g:request("OPTIONS", "/api/items", { headers = { A, "Access-Control-Request-Method: POST",
      "Access-Control-Request-Headers: content-type" } })
    assert.equal(204, r.status)
    assert.equal("https://a.example", r.headers["Access-Control-Allow-Origin"])
    assert.equal("content-type", r.headers["Access-Control-Allow-Headers"])
    assert.equal("true", r.headers["Access-Control-Allow-Credentials"])
    assert.equal(before, #up.requests)
    assert.equal("GET, POST, HEAD, OPTIONS", g:request("OPTIONS", "/api/items").headers["Allow"])
  end)

  it("cors marks responses in place of the service", function()
    local h = g:get("/api/items", { headers = { A } }).headers
    assert.same({ "https://a.example" }, h:all("Access-Control-Allow-Origin"))
    assert.same({ "Accept", "Origin" }, h:all("Vary"))
    assert.equal("X-Total", h["Access-Control-Expose-Headers"])
    h = g:get("/api/items", { headers = { "Origin: https://b.example" } }).headers
    assert.is_nil(h["Access-Control-Allow-Origin"])
    assert.same({ "Accept", "Origin" }, h:all("Vary"))
  end)

  it("cors marks errors, too", function()
    local first = g:post("/api/items", "x", { headers = { A } })
    local second = g:post("/api/items", "x", { headers = { A } })
    assert.equal(200, first.status)
    assert.equal(429, second.status)
    assert.equal("https://a.example", second.headers["Access-Control-Allow-Origin"])
    local dead = g:get("/api/gone", { headers = { A } })
    assert.is_true(dead.status >= 502)
    assert.equal("https://a.example", dead.headers["Access-Control-Allow-Origin"])
    local broken = g:get("/api/broken", { headers = { A } })
    assert.equal(500, broken.status)
    assert.equal("https://a.example", broken.headers["Access-Control-Allow-Origin"])
  end)
end)
