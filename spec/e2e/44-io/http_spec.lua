-- SPDX-License-Identifier: Apache-2.0
-- http.* in handlers: the request waits, others pass, and whatever the other side does ends in a reply or a sentence.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ASK = [[
local ask = plugin "ask" {
  version = "1.0.0", api = 1,
  schema = { url = t.string {}, phase = t.string { default = "request" } },
}
local function fetch(self)
  local r, err = http.get(self.conf.url)
  return r and r.body or "error: " .. err
end
function ask:request(req) if self.conf.phase == "request" then req.headers["X-Got"] = fetch(self) end end
function ask:response(_, res) if self.conf.phase == "response" then res.headers["X-Got"] = fetch(self) end end
function ask:body(_, _, chunk)
  if self.conf.phase == "body" and chunk.size > 0 then chunk:set(chunk:text() .. "+" .. fetch(self)) end
end
function ask:log() if self.conf.phase == "log" then log.info("got " .. fetch(self)) end end
return ask
]]

local ROUTES = [[
local main = service "main"
local url = "%s"
get "/quick" { to = main }
for _, phase in ipairs { "request", "response", "body", "log" } do
  get("/in-" .. phase) { to = main, use "ask" { url = url .. "/side", phase = phase } }
end
get "/held" { function()
  local r, err = http.get(url .. "/held")
  return 200, r and r.body or err
end }
get "/timeout" { function()
  local r, err = http.get(url .. "/held", { timeout = "50ms" })
  return 200, r and r.body or err
end }
get "/service" { function()
  local r, err = http.get { service = "pair", path = "/x?y=1" }
  return 200, r and r.body or err
end }
get "/json" { function(req)
  local r, err = http.post(url .. "/json", { json = { n = 1 }, headers = { ["X-A"] = { "b", "c" } } })
  return r.status, { got = r:json(), kind = r.headers["content-type"], all = r.headers:all("X-B") }
end }
get "/large" { function()
  local r, err = http.get(url .. "/large", { max = "64k" })
  return 200, r and tostring(#r.body) or err
end }
get "/raw/:what" { function(req)
  local r, err = http.get(url .. "/raw/" .. req.params.what, { timeout = "2s" })
  return 200, r and "reply " .. r.body or "error " .. err
end }
get "/localhost" { function()
  local r, err = http.get((url:gsub("127.0.0.1", "localhost")) .. "/side")
  return 200, r and r.body or err
end }
get "/nobody" { function()
  local r, err = http.get("http://nobody.invalid/")
  return 200, r and r.body or err
end }
get "/unix" { function()
  local r, err = http.get("http://box/side", { unix = "%s" })
  return 200, r and r.body or err
end }
]]


describe("http", function()
  local up, side, pair, box, g, hold, folder

  local RAW = {
    reset = function(c) c.socket:reset() end,
    close = function(c) c.socket:close() end,
    cut = function(c) c:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") c.socket:close() end,
    chunked = function(c) c:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") end,
    ["until-close"] = function(c) c:send("HTTP/1.1 200 OK\r\n\r\nhello") c.socket:close() end,
    early = function(c) c:send("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") end,
    liar = function(c) c:send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!") end,
  }

  setup(function()
    hold = gate.gate("the reply")
    folder = gate.dir()
    up = gate.upstream(function() return 200, "main" end)
    local function answer(request, c)
      local raw = request.path and request.path:match("^/raw/(.+)$")
      if raw then return RAW[raw](c) end
      if request.path == "/held" then hold:wait() return 200, "released" end
      if request.path == "/json" then
        return 201, '{"n":2}', { ["Content-Type"] = "application/json", ["X-B"] = "1" }
      end
      if request.path == "/large" then return 200, ("x"):rep(70000) end
      return 200, "side"
    end
    side = gate.upstream(answer)
    box = gate.upstream { address = "unix:" .. folder.path .. "/box", handler = answer }
    pair = { gate.upstream { handler = function() return 200, "pair" end }, gate.upstream { down = true } }
    g = gate.start {
      services = { { name = "main", instances = { up } }, { name = "pair", instances = pair } },
      plugins = { ask = ASK }, routes = ROUTES:format(side.url, folder.path .. "/box"),
    }
  end)
  teardown(gate.cleanup)

  it("works in request, response and body handlers", function()
    assert.equal("main", g:get("/in-request").body)
    assert.equal("side", up:last().headers["X-Got"])
    assert.equal("side", g:get("/in-response").headers["X-Got"])
    assert.equal("main+side", g:get("/in-body").body)
  end)

  it("works in log handlers, and nobody waits for it", function()
    local c = gate.client(g)
    assert.equal("main", c:get("/in-log").body)
    g:wait_log("got side")
  end)

  it("carries JSON, headers and the request id", function()
    local r = g:get("/json", { headers = { ["X-Request-Id"] = "abc-1" } })
    assert.equal(201, r.status)
    assert.equal('{"all":["1"],"got":{"n":2},"kind":"application/json"}', r.body)
    local seen = side:last()
    assert.equal('{"n":1}', seen.body)
    assert.equal("application/json", seen.headers["Content-Type"])
    assert.equal("lunette", seen.headers["User-Agent"])
    assert.truthy(seen.headers["X-Request-Id"])
    assert.equal(r.headers["X-Request-Id"] or seen.headers["X-Request-Id"], seen.headers["X-Request-Id"])
  end)

  it("lets other requests pass while one waits", function()
    local before = #side.requests
    local waiter = gate.go("waiter", function() return g:get("/held").body end)
    side:wait_requests(before + 1)
    for _ = 1, 10 do assert.equal("main", g:get("/quick").body) end
    assert.is_nil(waiter.done)
    hold:open()
    assert.equal("released", waiter:join())
    hold.is_open = false
  end)

  it("ends in time", function()
    local body = g:get("/timeout").body
    assert.truthy(body:find("timed out after 50 ms, waiting for the response", 1, true), body)
    assert.equal("main", g:get("/quick").body)
  end)

  it("is broken off when the client goes", function()
    local before = #side.requests
    local c = gate.client(g):send(gate.http.request("GET", "/held"))
    side:wait_requests(before + 1)
    local line = side.connections[side:last().connection]
    c:reset()
    assert.equal("", line.socket:read_all())
    assert.equal("main", g:get("/quick").body)
  end)

  it("goes through a service around its dead instance", function()
    for _ = 1, 6 do assert.equal("pair", g:get("/service").body) end
    assert.equal("/x?y=1", pair[1]:last().target or pair[1]:last().path)
    assert.equal(1, pair[1].accepted)
  end)

  it("takes no more than it may", function()
    local body = g:get("/large").body
    assert.truthy(body:find("the response has 70000 bytes, at most 65536 are taken", 1, true), body)
  end)

  it("finds localhost, a unix socket, and tells about names that nobody has", function()
    assert.equal("side", g:get("/localhost").body)
    assert.equal("side", g:get("/unix").body)
    assert.equal("box", box:last().headers["Host"])
  end)

  for what, body in pairs {
    reset = "error .*closed before a response", close = "error .*closed before a response",
    cut = "error .*in the middle of the response", chunked = "^reply hello$", ["until-close"] = "^reply hello$",
    early = "^reply hello$", liar = "error .*more than one Content%-Length",
  } do
    it("takes a response that is " .. what .. " for what it is", function()
      assert.truthy(g:get("/raw/" .. what).body:find(body), g:get("/raw/" .. what).body)
      assert.equal("main", g:get("/quick").body)
    end)
  end
end)
