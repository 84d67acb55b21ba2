-- SPDX-License-Identifier: Apache-2.0
-- Content that a handler has read, in trouble: stale connections, retries, clients that leave or dawdle, large and early.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local MIB = 1048576

local ROUTES = [[
local main = service "main"
any "/plain" { to = main }
any "/read" { to = main, function(req) req:read_body("64m") end }
any "/mine" { to = main, function(req) req.body = (req:read_body("64m") or "") .. "!" end }
any "/refuse" { to = main, function(req) return 403, "no" end }
any "/after" { function(req) sleep(0.05) return 200, (req:read_body()) end }
any "/count" { function(req) return 200, tostring(#req:read_body("64m")) end }
]]


describe("content that was read", function()
  local up, other, g, answer

  local function echo(request) return 200, request.body end

  local function start(options)
    answer = echo
    up = gate.upstream(function(...) return answer(...) end)
    options = options or {}
    options.routes = ROUTES
    options.services = { { name = "main", instances = options.instances and options.instances(up) or { up },
      retries = options.retries } }
    g = gate.start(options)
  end

  after_each(gate.cleanup)

  it("is sent again over a fresh connection when the old one was stale", function()
    start()
    for round = 1, 5 do
      assert.equal("warm", g:request("PUT", "/read", { body = "warm" }).body)
      up:close_connections()
      local text = ("round %d"):format(round)
      local r = g:request("PUT", round % 2 == 0 and "/read" or "/mine", { chunks = { text } })
      assert.equal(200, r.status)
      assert.equal(text .. (round % 2 == 0 and "" or "!"), r.body)
    end
  end)

  it("is sent to the next instance when the first cannot be reached", function()
    other = gate.upstream { down = true }
    start { instances = function(good) return { other, good } end }
    for i = 1, 6 do assert.equal("x!", g:post("/mine", "x").body, i) end
  end)

  it("does not wait for a client that has left", function()
    start()
    for _ = 1, 10 do
      local c = gate.client(g):send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
      gate.pause(0.005)
      c:reset()
      c = gate.client(g):send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
      c:half_close()
      assert.is_true(c:is_closed())
    end
    assert.equal(0, #up.requests)
    assert.equal("fine", g:post("/read", "fine").body)
  end)

  it("is complete when its client half-closes behind it", function()
    start()
    local c = gate.client(g):send(gate.http.request("POST", "/read", { body = "hello" }))
    c:half_close()
    assert.equal("hello", c:read().body)
    c = gate.client(g):send(gate.http.request("POST", "/after", { body = "hello" }))
    c:half_close()
    assert.equal("hello", c:read().body)
  end)

  it("is not waited for longer than timeouts.body", function()
    start { gateway = { timeouts = { body = "200ms" } } }
    local c = gate.client(g):send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    local r = c:read()
    assert.equal(408, r.status)
    assert.is_true(c:is_closed())
    assert.equal(0, #up.requests)
    assert.equal("fine", g:post("/read", "fine").body)
  end)

  it("comes at limits.bodyRate at least", function()
    start { gateway = { limits = { bodyRate = 100000, bodyGrace = "50ms" } } }
    local c = gate.client(g):send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n")
    local task = gate.go("dawdler", function() pcall(c.trickle, c, ("x"):rep(400), 0.005) end)
    assert.equal(408, c:read().status)
    c:close()
    task:join()
    assert.equal("fine", g:post("/read", "fine").body)
  end)

  it("may be large", function()
    start()
    local body = gate.pattern(8 * MIB)
    assert.equal(tostring(#body), g:post("/count", body, { timeout = 20 }).body)
    local r = g:post("/mine", body, { timeout = 20 })
    assert.is_true(r.body == body .. "!")
    assert.equal(tostring(#body + 1), up:last().headers["Content-Length"])
  end)

  it("may be answered before it is all taken", function()
    up = gate.upstream { head_only = true, handler = function(_, connection)
      connection:respond(413, "enough", { Connection = "close" })
      connection:half_close()
      connection:wait_end()
    end }
    local instance = up
    start { instances = function() return { instance } end }
    local c = gate.client(g):send(gate.http.request("POST", "/mine", { body = gate.pattern(4 * MIB) }), 20)
    local r = c:read("POST", 20)
    assert.equal(413, r.status)
    assert.equal("enough", r.body)
    assert.equal("1", c:post("/count", "x").body)
  end)

  it("is read for clients of HTTP/1.0, too", function()
    start()
    assert.equal("old!", g:post("/mine", "old", { version = "1.0" }).body)
  end)

  it("does not matter to handlers that answer without it", function()
    start()
    local c = gate.client(g)
    for _ = 1, 3 do
      local r = c:post("/refuse", "hello")
      assert.same({ 403, "no" }, { r.status, r.body })
    end
    assert.equal("next", c:post("/plain", "next").body)
  end)

  it("is given back when the request is over", function()
    start()
    local body = ("x"):rep(MIB)
    for _ = 1, 10 do g:post("/read", body, { timeout = 20 }) end
    local before = g:memory()
    for _ = 1, 60 do g:post("/read", body, { timeout = 20 }) end
    assert.is_true(g:memory() - before < (gate.slow > 1 and 400 or 16) * MIB, g:memory() - before)
  end)

  it("costs nobody else anything when Lua has no room for it", function()
    start { extra = { lua = { memory = "8m" } }, expect = { "not enough memory" } }
    assert.equal(500, g:post("/count", ("x"):rep(16 * MIB), { timeout = 20 }).status)
    assert.equal("5", g:post("/count", "hello").body)
    assert.equal("hello!", g:post("/mine", "hello").body)
  end)

  it("survives a reload while it comes", function()
    start()
    local c = gate.client(g):send("POST /mine HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    gate.pause(0.02)
    assert.equal(0, g:reload().code)
    assert.equal("hello!", c:send("lo"):read().body)
  end)
end)
