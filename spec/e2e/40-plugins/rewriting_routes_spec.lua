-- SPDX-License-Identifier: Apache-2.0
-- Routes: HEAD beside GET, 405, and responses that meet a waiting handler.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
any "/method/:to" { to = main, function(req) req.method = req.params.to end }
get "/path" { to = main, function(req) req.path = "/new?with=query" end }
get "/query" { to = main, function(req) req.query = "a=1&b=2" end }
get "/args" { to = main, function(req) req.args.x = "y z" end }
get "/dots" { to = main, function(req) req.path = "/a/../../../b" end }
get "/space" { to = main, function(req) req.path = "/a b" end }
get "/both" { reply = { 200, "get" } }
head "/both" { reply = { 204 } }
post "/posted" { reply = { 200 } }
put "/posted" { reply = { 200 } }
get "/started" { function(req) return 200, tostring(time() - req.started) end }
any "/sleepy/*" { to = main, use "sleepy" {} }
get "/kept" { function(req) kept = req return 200 end }
]]


local SLEEPY = [[
local p = plugin "sleepy" { version = "1.0.0", api = 1, schema = {} }
function p:response() sleep(0.2) end
return p
]]


describe("a route", function()
  local g

  setup(function()
    local up = gate.upstream { head_only = true, handler = function(request, connection)
      if request.target == "/sleepy/early" then
        connection:respond(200, "early")
        connection:read_body(request)
      else
        connection:read_body(request)
        connection:respond(200, tostring(#request.body))
      end
    end }
    g = gate.start {
      services = { { name = "main", instances = { up }, timeouts = { total = "3s" } } },
      plugins = { sleepy = SLEEPY }, routes = ROUTES, expect = { "routes%.lua" },
    }
  end)
  teardown(gate.cleanup)

  it("for HEAD is stronger than one for GET, whatever their order", function()
    assert.equal(204, g:request("HEAD", "/both").status)
    assert.equal("get", g:get("/both").body)
  end)

  it("with other methods only is 405, with Allow", function()
    local r = g:get("/posted")
    assert.equal(405, r.status)
    assert.matches("POST", r.headers["Allow"])
    assert.matches("PUT", r.headers["Allow"])
  end)

  it("knows when the request came", function()
    local seconds = tonumber(g:get("/started").body)
    assert.is_true(seconds >= 0 and seconds < 2, seconds)
  end)

  it("cannot keep a request in a global", function()
    assert.equal(500, g:get("/kept").status)
  end)

  it("whose response handler waits still takes the rest of an upload", function()
    local c = gate.client(g):send("POST /sleepy/early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    gate.pause(0.1)
    c:send(("x"):rep(100000))
    local r = c:read("POST")
    assert.equal(200, r.status)
    assert.equal("early", r.body)
    assert.equal("4", g:post("/sleepy/late", "four").body)
  end)
end)
