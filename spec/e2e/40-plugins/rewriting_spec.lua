-- SPDX-License-Identifier: Apache-2.0
-- Handlers that change what a request is.

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


describe("a request that a handler changes", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request)
      return 200, request.method .. " " .. request.target, { ["X-Method"] = request.method }
    end)
    g = gate.start {
      services = { { name = "main", instances = { up }, timeouts = { total = "2s" } } },
      plugins = { sleepy = SLEEPY }, routes = ROUTES, expect = { "routes%.lua" },
    }
  end)
  teardown(gate.cleanup)

  it("from HEAD to GET: the client gets no body, and the pool stays clean", function()
    local c = gate.client(g)
    local r = c:request("HEAD", "/method/GET")
    assert.equal(200, r.status)
    assert.equal("GET", r.headers["X-Method"])
    for _ = 1, 3 do assert.equal("GET /started", (c:get("/method/GET").body:gsub("/method/GET", "/started"))) end
  end)

  it("from GET to HEAD: the client gets a whole answer", function()
    local c = gate.client(g)
    for _ = 1, 2 do
      local r = c:get("/method/HEAD")
      assert.equal(200, r.status)
      assert.is_true(r.complete)
      assert.equal("", r.body)
    end
    assert.equal("GET /method/GET", c:get("/method/GET").body)
  end)

  it("from POST to PUT keeps its body", function()
    assert.equal("PUT /method/PUT", g:post("/method/PUT", "body").body)
    assert.equal("body", up:last().body)
  end)

  it("in its query", function()
    assert.equal("GET /query?a=1&b=2", g:get("/query?old").body)
  end)

  it("in one argument", function()
    assert.matches("^GET /args%?.*x=y[%%+]2?0?z", g:get("/args?a=b").body)
    assert.matches("a=b", up:last().target, 1, true)
  end)

  it("in its path, a query with it or an error: never lost in silence", function()
    local r = g:get("/path")
    assert.is_true(r.status == 500 or r.body == "GET /new?with=query" or r.body == "GET /new%3Fwith=query",
      r.status .. " " .. r.body)
  end)

  for _, target in ipairs { "/dots", "/space" } do
    it(("in its path to something that is none (%s): nothing malformed goes upstream"):format(target), function()
      local before = #up.requests
      local r = g:get(target)
      if #up.requests > before then
        assert.is_nil(up:last().target:find("[ ]"))
        assert.is_nil(up:last().target:find("..", 1, true))
      else
        assert.is_true(r.status >= 400)
      end
      assert.equal("GET /method/GET", g:get("/method/GET").body)
    end)
  end
end)
