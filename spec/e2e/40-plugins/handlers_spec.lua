-- SPDX-License-Identifier: Apache-2.0
-- What handlers may do to requests and responses, and in which order they run.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local TRACE = [[
local trace = plugin "trace" { version = "1.0.0", api = 1, schema = { label = t.string {} } }
function trace:request(req)
  req.headers:add("X-Order", self.conf.label)
  req.ctx.trace = (req.ctx.trace or "") .. self.conf.label
end
function trace:response(req, res)
  res.headers:add("X-Back", self.conf.label)
  res.headers["X-Ctx"] = req.ctx.trace
end
function trace:log(req, res)
  log.info("ended", { by = self.conf.label, status = res.status, query = req.query or "", bytes = res.bytes })
end
return trace
]]

local ROUTES = [[
local main, other = service "main", service "other"
use "trace" { label = "a" }
get "/order" { to = main, use "trace" { label = "b" }, use "trace" { label = "c" } }
get "/early" {
  use "trace" { label = "b" },
  function(req) if req.args.stop then return 403, { error = "no" }, { ["X-Why"] = "stop" } end end,
  use "trace" { label = "c" },
  to = main,
}
any "/edit" { to = main, function(req, res)
  req.method, req.path, req.query, req.host = "PUT", "/edited/path", "q=1", "edited.test"
  req.headers["X-Set"] = "1"
  req.headers["Cookie"] = nil
  req.headers:add("X-Add", "2")
  req.headers:add("X-Add", "3")
  res.headers["X-Queued"] = "later"
  res.headers["Server"] = nil
end }
get "/elsewhere" { to = main, function(req) req.upstream = other end }
get "/facts" { function(req)
  return 200, {
    method = req.method, path = req.path, query = req.query, host = req.host, scheme = req.scheme,
    version = req.version, id = req.id, route = req.route, port = req.port, listener = req.listener,
    ip = req.client.ip, peer = req.client.peer, client = req.client.id, arg = req.args.a,
    cookie = req.cookies.c, header = req.headers["x-h"], all = req.headers:all("X-H"),
  }
end }
get "/inject" { to = main, function(req) req.headers["X-A"] = "b\r\nX-Evil: 1" end }
]]


describe("a handler", function()
  local up, g

  setup(function()
    up = gate.upstream(function() return 200, "main", { Server = "secret" } end)
    g = gate.start {
      services = {
        { name = "main", instances = { up } },
        { name = "other", instances = { gate.upstream { name = "other" } } },
      },
      plugins = { trace = TRACE }, routes = ROUTES, expect = { "X%-A" },
    }
  end)
  teardown(gate.cleanup)

  it("runs top-down for requests and bottom-up for responses", function()
    local r = g:get("/order")
    assert.same({ "a", "b", "c" }, up:last().headers:all("X-Order"))
    assert.same({ "c", "b", "a" }, r.headers:all("X-Back"))
  end)

  it("shares req.ctx with the others of its request only", function()
    for _ = 1, 3 do assert.equal("abc", g:get("/order").headers["X-Ctx"]) end
  end)

  it("may answer early, through the response handlers above it only", function()
    local before = #up.requests
    local r = g:get("/early?stop=1")
    assert.equal(403, r.status)
    assert.same({ error = "no" }, r:json())
    assert.equal("stop", r.headers["X-Why"])
    assert.same({ "b", "a" }, r.headers:all("X-Back"))
    assert.equal(before, #up.requests)
    assert.equal("main", g:get("/early").body)
  end)

  it("logs after the last byte, bottom-up", function()
    local from = #g:log()
    g:get("/order?mine") -- lines of earlier requests may still be on their way
    g:wait_log('ended[^\n]*"by":"a"[^\n]*"query":"mine"', nil, from)
    local order = {}
    for name in g:log():sub(from):gmatch('ended[^\n]-"by":"(%a)"[^\n]-"query":"mine"') do order[#order + 1] = name end
    assert.same({ "c", "b", "a" }, order)
    assert.matches("200", g:logged('ended[^\n]*"query":"mine"', from))
  end)

  it("may change all of the request", function()
    g:get("/edit?old", { headers = { Cookie = "a=1" } })
    local seen = up:last()
    assert.equal("PUT", seen.method)
    assert.equal("/edited/path?q=1", seen.target)
    assert.equal("edited.test", seen.headers["Host"])
    assert.equal("1", seen.headers["X-Set"])
    assert.is_nil(seen.headers["Cookie"])
    assert.same({ "2", "3" }, seen.headers:all("X-Add"))
  end)

  it("may edit the response before there is one", function()
    local r = g:get("/edit")
    assert.equal("later", r.headers["X-Queued"])
    assert.is_nil(r.headers["Server"])
  end)

  it("may send the request to another service", function()
    assert.equal("other", g:get("/elsewhere").body)
  end)

  it("knows the request", function()
    local r = g:get("/facts?a=b%20c", { host = "h.test:81", headers = {
      "Cookie: x=1; c=yes", "X-H: 1", "x-h: 2" } })
    local facts = r:json()
    assert.equal(r.headers["X-Request-Id"] or facts.id, facts.id)
    facts.id = nil
    assert.same({
      method = "GET", path = "/facts", query = "a=b%20c", host = "h.test:81", scheme = "http",
      version = "1.1", route = "GET /facts", port = g.port, listener = facts.listener,
      ip = "127.0.0.1", peer = "127.0.0.1", client = "127.0.0.1", arg = "b c", cookie = "yes",
      header = "1", all = { "1", "2" },
    }, facts)
    assert.is_string(facts.listener)
  end)

  it("cannot smuggle a field into a value", function()
    local before = #up.requests
    assert.equal(500, g:get("/inject").status)
    assert.equal(before, #up.requests)
    assert.equal("main", g:get("/order").body)
  end)
end)
