-- SPDX-License-Identifier: Apache-2.0
-- Routes written in Lua: parameters, wildcards, hosts, methods, listeners, groups, fixed replies.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local a, b = service "a", service "b"
local mine = service "mine" { instances = { env("MINE") } }

get "/exact" { to = a }
get "/users/:id" { function(req) return 200, "user " .. req.params.id end }
get "/users/me" { function() return 200, "me" end }
get "/users/:id/posts/:post" {
  function(req) return 200, req.params.id .. "+" .. req.params.post end,
}
get "/files/*" { function(req) return 200, "rest=" .. (req.params.rest or "") end }
get "/files/deep/*" { function(req) return 200, "deep=" .. (req.params.rest or "") end }
any "/any" { function(req) return 200, req.method end }
post "/only-post" { reply = { 201, "made" } }
get "/host" { host = "one.example", reply = { 200, "one" } }
get "/host" { host = "*.example", reply = { 200, "some" } }
get "/host" { reply = { 200, "any" } }
any "/strip/*" { to = b, strip = "/strip" }
any "/keep/*" { to = b }
get "/declared" { to = mine }
get "/fixed" { reply = { 200, { status = "ok" }, { ["X-Fixed"] = "yes" } } }
get "/listener" { listener = "second", reply = { 200, "second" } }
group "/group" {
  get "/" { reply = { 200, "root" } },
  get "/:id" { function(req) return 200, "in group " .. req.params.id end },
}
include "more.lua"
]]


describe("a Lua route", function()
  local g, mine

  setup(function()
    mine = gate.upstream { name = "mine" }
    g = gate.start {
      services = {
        { name = "a", instances = { gate.upstream { name = "a" } } },
        { name = "b", instances = { gate.upstream(function(r) return 200, "b " .. r.target end) } },
      },
      gateway = { listeners = {
        { name = "first", listen = "127.0.0.1:0" }, { name = "second", listen = "127.0.0.1:0" },
      } },
      routes = ROUTES, env = { MINE = mine.url },
      files = { ["more.lua"] = 'get "/included" { reply = { 200, "included" } }' },
    }
  end)
  teardown(gate.cleanup)

  local cases = {
    { "GET", "/exact", 200, "a" },
    { "GET", "/exact/", 404 },
    { "GET", "/exactly", 404 },
    { "GET", "/users/7", 200, "user 7" },
    { "GET", "/users/a%20b%2Fc", 200, "user a b/c" },
    { "GET", "/users/me", 200, "me" },
    { "GET", "/users/mex", 200, "user mex" },
    { "GET", "/users/7/posts/9", 200, "7+9" },
    { "GET", "/users/7/posts", 404 },
    { "GET", "/files/a/b.txt", 200, "rest=a/b.txt" },
    { "GET", "/files", 200, "rest=" },
    { "GET", "/filesystem", 404 },
    { "GET", "/files/deep/x", 200, "deep=x" },
    { "GET", "/files/deeper", 200, "rest=deeper" },
    { "PUT", "/any", 200, "PUT" },
    { "DELETE", "/any", 200, "DELETE" },
    { "POST", "/only-post", 201, "made" },
    { "GET", "/only-post", 405 },
    { "GET", "/strip/x?y=1", 200, "b /x?y=1" },
    { "GET", "/strip", 200, "b /" },
    { "GET", "/keep/x", 200, "b /keep/x" },
    { "GET", "/declared", 200, "mine" },
    { "GET", "/group", 200, "root" },
    { "GET", "/group/5", 200, "in group 5" },
    { "GET", "/included", 200, "included" },
    { "GET", "/nothing", 404 },
  }
  for _, case in ipairs(cases) do
    local method, target, status, body = unpack(case)
    it(("%s %s -> %s"):format(method, target, body or status), function()
      local r = g:request(method, target)
      assert.equal(status, r.status)
      if body then assert.equal(body, (r.body:gsub("\n$", ""))) end
    end)
  end

  for host, answer in pairs { ["one.example"] = "one", ["ONE.example:80"] = "one",
    ["two.example"] = "some", ["a.b.example"] = "any", ["other"] = "any" } do
    it(("at host %s is the one for %q"):format(host, answer), function()
      assert.matches("^" .. answer, g:get("/host", { host = host }).body)
    end)
  end

  it("may belong to one listener", function()
    assert.equal(404, g:get("/listener").status)
    assert.equal(200, g:get("/listener", { listener = "second" }).status)
  end)

  it("may have one fixed reply: a table becomes JSON", function()
    local r = g:get("/fixed")
    assert.same({ status = "ok" }, r:json())
    assert.matches("^application/json", r.headers["Content-Type"])
    assert.equal("yes", r.headers["X-Fixed"])
  end)

  it("answers HEAD without a body", function()
    local r = g:request("HEAD", "/any")
    assert.equal(200, r.status)
    assert.equal("", r.body)
  end)
end)
