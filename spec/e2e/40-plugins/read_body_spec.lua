-- SPDX-License-Identifier: Apache-2.0
-- req:read_body(), req:json() and req.body: a request's content in a handler, and what the service then gets.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
any "/plain" { to = main }
any "/read" { to = main, function(req)
  local body, err = req:read_body("64k")
  req.headers["X-Size"] = body and #body or err
  req.headers["X-Same"] = tostring(body == req:read_body() and body == req.body)
end }
any "/small" { to = main, function(req) req:read_body(10) end }
any "/own" { to = main, function(req)
  local body, err = req:read_body(10)
  if not body then return 422, "it is " .. err end
end }
any "/echo" { function(req) return 200, (req:read_body()) end }
any "/huge" { to = main, function(req) req:read_body("1g") end }
any "/upper" { to = main, function(req) req.body = req:read_body():upper() .. "!" end }
any "/empty" { to = main, function(req) req:read_body() req.body = "" end }
any "/given" { to = main, function(req) req.method, req.body = "POST", "given" end }
any "/blind" { to = main, function(req)
  local ok, why = pcall(function() req.body = "x" end)
  return 200, ok and "set" or why
end }
any "/json" { function(req)
  local value, why = req:json("1k")
  if value == nil then return 400, { error = why } end
  return 200, { got = value }
end }
any "/sleep" { to = main, function(req) sleep(0.05) req:read_body() sleep(0.05) end }
any "/twice" { to = main, function(req) req:read_body() end, function(req) req.headers["X-Body"] = req.body end }
any "/inner" { to = main, function(req)
  local co = coroutine.wrap(function() return req:read_body() end)
  req.headers["X-Body"] = co()
end }
any "/late" { to = main, use "late" {} }
]]

local LATE = [[
local late = plugin "late" { version = "1.0.0", api = 1, schema = {} }
function late:request(req) req:read_body() end
function late:response(req, res)
  res.headers["X-Body"] = req.body
  res.headers["X-Why"] = select(2, pcall(function() req:read_body() end)):match("[^ :][^:]*$")
end
return late
]]


describe("a request's content in Lua", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.start { services = { { name = "main", instances = { up } } }, routes = ROUTES, plugins = { late = LATE },
      gateway = { limits = { body = "1m" } } }
  end)
  teardown(gate.cleanup)

  it("is read when it has a length", function()
    local r = g:post("/read", "hello")
    assert.equal("hello", r.body)
    assert.equal("5", up:last().headers["X-Size"])
    assert.equal("true", up:last().headers["X-Same"])
    assert.equal("5", up:last().headers["Content-Length"])
  end)

  it("is read when it comes in chunks, and goes on with a length", function()
    local r = g:request("POST", "/read", { chunks = { "he", "l", "lo" } })
    assert.equal("hello", r.body)
    assert.equal("5", up:last().headers["Content-Length"])
    assert.is_nil(up:last().headers["Transfer-Encoding"])
  end)

  it("is read however slowly it comes", function()
    local c = gate.client(g)
    c:send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"):trickle("hello")
    assert.equal("hello", c:read().body)
    c:send("POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      :trickle("2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n")
    assert.equal("hello", c:read().body)
  end)

  it("is read when it is large", function()
    local body = gate.pattern(60000)
    assert.is_true(g:post("/read", body).body == body)
    assert.is_true(g:post("/echo", gate.pattern(1000000)).body == gate.pattern(1000000))
  end)

  it("is an empty text when there is none", function()
    local r = g:get("/read")
    assert.equal("", r.body)
    assert.equal("0", up:last().headers["X-Size"])
    assert.is_nil(up:last().headers["Content-Length"])
    assert.equal("", g:post("/read", "").body)
    assert.equal("0", up:last().headers["Content-Length"])
  end)

  it("is read between waits, in a coroutine, and by the next handler, too", function()
    assert.equal("hello", g:post("/sleep", "hello").body)
    assert.equal("hello", g:post("/inner", "hello").body)
    assert.equal("hello", up:last().headers["X-Body"])
    g:post("/twice", "hello")
    assert.equal("hello", up:last().headers["X-Body"])
  end)

  it("is known to later handlers, which cannot read any more", function()
    local r = g:post("/late", "hello")
    assert.equal("hello", r.headers["X-Body"])
    assert.equal("read it in request; req.body has it afterwards", r.headers["X-Why"])
  end)

  it("is promised to clients that wait for 100", function()
    local head = "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    local c = gate.client(g):send(head:format("/read"))
    assert.equal(100, c:read_head().status)
    local r = c:send("hello"):read()
    assert.same({ 200, "hello" }, { r.status, r.body })
    assert.is_nil(up:last().headers["Expect"])
    r = c:send(head:format("/read") .. "hello"):read()
    assert.equal("hello", r.body)
    r = gate.client(g):send(head:format("/own"):gsub("5", "500")):read()
    assert.equal(422, r.status)
    assert.same({}, r.interim)
  end)

  for what, options in pairs { length = { body = ("x"):rep(11) }, chunks = { chunks = { "xxxxxx", "xxxxx" } } } do
    it("is refused with 413 when it is too large: " .. what, function()
      local before = #up.requests
      local r = g:request("POST", "/small", options)
      assert.equal(413, r.status)
      assert.equal(before, #up.requests)
      assert.equal("1234567890", g:post("/small", "1234567890").body)
    end)

    it("can be judged by the handler when it is too large: " .. what, function()
      local r = g:request("POST", "/own", options)
      assert.same({ 422, "it is too large" }, { r.status, r.body })
      assert.equal("short", g:post("/own", "short").body)
    end)
  end

  it("is never larger than limits.body", function()
    assert.equal(413, g:request("POST", "/huge", { chunks = { ("x"):rep(600000), ("x"):rep(600000) } }).status)
    assert.equal("less", g:post("/huge", "less").body)
  end)

  for what, bytes in pairs {
    ["in the first segment"] = { "zz\r\n" }, ["later"] = { "2\r\nhe\r\n", "2\r\nhello" },
    ["behind a chunk"] = { "2\r\nhexx" },
  } do
    it("is refused with 400 when its framing is broken: " .. what, function()
      local before = #up.requests
      local c = gate.client(g)
      c:send("POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" .. bytes[1])
      if bytes[2] then
        gate.pause(0.02)
        c:send(bytes[2])
      end
      local r = c:read()
      assert.equal(400, r.status)
      assert.is_true(c:is_closed())
      assert.equal(before, #up.requests)
    end)
  end

  it("can be replaced: the service gets the new length", function()
    assert.equal("HELLO!", g:post("/upper", "hello").body)
    assert.equal("6", up:last().headers["Content-Length"])
    assert.equal("HELLO!", g:request("POST", "/upper", { chunks = { "he", "llo" } }).body)
    assert.equal("", g:post("/empty", "hello").body)
    assert.equal("0", up:last().headers["Content-Length"])
    assert.equal("given", g:get("/given").body)
    assert.equal("POST", up:last().method)
    assert.equal("5", up:last().headers["Content-Length"])
  end)

  it("cannot be replaced unseen", function()
    assert.truthy(g:post("/blind", "hello").body:find("read_body() comes first", 1, true))
    assert.equal("set", g:get("/blind").body)
  end)

  it("is read as JSON", function()
    assert.same({ got = { a = { 1, 2 } } }, g:post("/json", '{"a":[1,2]}'):json())
    local r = g:post("/json", '{"a":')
    assert.equal(400, r.status)
    assert.is_string(r:json().error)
    assert.is_string(g:get("/json"):json().error)
    assert.equal("too large", g:post("/json", ("1"):rep(2000)):json().error)
  end)

  it("leaves what is behind it on the connection alone", function()
    local c = gate.client(g)
    local post, chunked = gate.http.request("POST", "/read", { body = "one" }),
      gate.http.request("POST", "/read", { chunks = { "t", "wo" } })
    local echo = gate.http.request("POST", "/echo", { body = "three" })
    c:send(post .. chunked .. echo .. gate.http.request("GET", "/plain") .. post)
    for _, body in ipairs { "one", "two", "three", "", "one" } do assert.equal(body, c:read().body) end
    for byte in (post .. chunked .. echo):gmatch(".") do c:send(byte) end
    for _, body in ipairs { "one", "two", "three" } do assert.equal(body, c:read().body) end
  end)
end)
