-- SPDX-License-Identifier: Apache-2.0
-- gzip and response-replace on real streams: what clients read is what the service said, however it comes.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local inflate = require "spec.support.inflate"


local MIB = 1048576

local ROUTES = [[
local main = service "main"
any "/page" { to = main, use "gzip" { min_length = 100 } }
get "/events" { to = main, use "gzip" {} }
get "/rewritten" { to = main,
  use "gzip" { min_length = 1 },
  use "response-replace" { replace = { { find = "http://inside", with = "https://{req.host}" } } },
}
get "/replaced" { to = main, use "response-replace" { replace = { { find = "needle", with = "pin", most = 3 } } } }
get "/mock" { use "gzip" {}, use "mock" { json = { text = ("lunette "):rep(500) } } }
]]

local GZIP = { headers = { "Accept-Encoding: gzip, br", "Host: shop.example" } }


describe("shipped plugins for content", function()
  local up, g, answer

  setup(function()
    up = gate.upstream(function(request, connection) return answer(request, connection) end)
    g = gate.start { services = { { name = "main", instances = { up } } }, routes = ROUTES }
  end)
  teardown(gate.cleanup)

  local function html(text, more)
    local headers = { "Content-Type: text/html" }
    for _, line in ipairs(more or {}) do headers[#headers + 1] = line end
    answer = function() return 200, text, headers end
    return text
  end

  local function pieces(kind, list)
    answer = function(_, connection)
      connection:send(("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"):format(kind)
        .. gate.http.chunked(list))
    end
  end

  it("gzip: a page arrives smaller, and whole", function()
    local text = html(gate.http.pattern(200000), { 'ETag: "a"' })
    local r = g:get("/page", GZIP)
    assert.equal("gzip", r.headers["Content-Encoding"])
    assert.equal("Accept-Encoding", r.headers["Vary"])
    assert.equal('W/"a"', r.headers["ETag"])
    assert.is_true(#r.body < #text / 2)
    assert.is_true(text == inflate.all(r.body))
    r = g:get("/page")
    assert.is_nil(r.headers["Content-Encoding"])
    assert.equal("Accept-Encoding", r.headers["Vary"])
    assert.is_true(text == r.body)
  end)

  it("gzip: pieces of any size, and none", function()
    local text = gate.http.pattern(3000)
    for _, size in ipairs { 1, 3, 100, 3000 } do
      local list = {}
      for at = 1, #text, size do list[#list + 1] = text:sub(at, at + size - 1) end
      pieces("text/html", list)
      assert.equal(text, inflate.all(g:get("/page", GZIP).body), size)
    end
    pieces("text/html", {})
    assert.equal("", inflate.all(g:get("/page", GZIP).body))
  end)

  it("gzip: clients of HTTP/1.0, and a connection that goes on", function()
    local text = html(("lunette "):rep(1000))
    local r = g:get("/page", { version = "1.0", headers = GZIP.headers })
    assert.equal(text, inflate.all(r.body))
    local c = gate.client(g)
    for _ = 1, 20 do assert.equal(text, inflate.all(c:get("/page", GZIP).body)) end
  end)

  it("gzip: HEAD says what GET would", function()
    html(("lunette "):rep(1000), { 'ETag: "a"' })
    local get, head = g:get("/page", GZIP), g:request("HEAD", "/page", GZIP)
    for _, name in ipairs { "Content-Encoding", "Vary", "ETag", "Content-Type", "Content-Length" } do
      assert.equal(get.headers[name], head.headers[name], name)
    end
  end)

  it("gzip: what cannot be compressed stays as it is", function()
    html(("x"):rep(99))
    assert.is_nil(g:get("/page", GZIP).headers["Content-Encoding"])
    answer = function() return 206, ("x"):rep(500), { "Content-Type: text/html", "Content-Range: bytes 0-499/1000" } end
    local r = g:get("/page", GZIP)
    assert.is_nil(r.headers["Content-Encoding"])
    assert.equal("500", r.headers["Content-Length"])
    answer = function() return 304, nil, { 'ETag: "a"' } end
    r = g:get("/page", { headers = { "Accept-Encoding: gzip", 'If-None-Match: W/"a"' } })
    assert.equal(304, r.status)
    assert.equal('W/"a"', r.headers["ETag"])
    assert.is_nil(r.headers["Content-Encoding"])
    html("\31\139\8 already", { "Content-Encoding: gzip" })
    assert.equal("\31\139\8 already", g:get("/page", GZIP).body)
  end)

  it("gzip: the answers of plugins, too", function()
    local r = g:get("/mock", GZIP)
    assert.equal("gzip", r.headers["Content-Encoding"])
    assert.equal(("lunette "):rep(500), gate.json.decode(inflate.all(r.body)).text)
  end)

  it("gzip: each event is there before the next one is", function()
    local seen = {}
    for i = 1, 5 do seen[i] = gate.gate("event " .. i) end
    answer = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      for i = 1, 5 do
        connection:send(gate.http.chunk(("data: %d\n\n"):format(i)))
        seen[i]:wait()
      end
      connection:send("0\r\n\r\n")
    end
    local c = gate.client(g):send(gate.http.request("GET", "/events", GZIP))
    local r = c:read_head()
    local reader = inflate.new()
    r.chunks = {}
    assert.equal("gzip", r.headers["Content-Encoding"])
    for i = 1, 5 do
      local text, expected = "", ("data: %d\n\n"):format(i)
      while #text < #expected do text = text .. reader:read(gate.http.read_chunk(c.socket, r)) end
      assert.equal(expected, text)
      seen[i]:open()
    end
    assert.equal("", reader:read(gate.http.read_chunk(c.socket, r)))
    assert.is_true(reader.done)
  end)

  it("gzip: 64 MiB to a slow reader within bounded memory", function()
    local block = gate.http.pattern(MIB)
    answer = function(_, connection)
      connection:send(("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"):format(64 * MIB))
      for _ = 1, 64 do connection:send(block, 60) end
    end
    local c = gate.client(g, { receive_buffer = 65536 }):send(gate.http.request("GET", "/page", GZIP))
    local r = c:read_head()
    gate.pause(0.2) -- nobody reads meanwhile
    local reader, got = inflate.new(), 0
    r.chunks = {}
    while not reader.done do got = got + #reader:read(gate.http.read_chunk(c.socket, r, 60)) end
    assert.equal(64 * MIB, got)
    assert.is_true(g:memory("VmHWM") < (gate.slow > 1 and 400 or 64) * MIB, g:memory("VmHWM"))
  end)

  it("gzip: clients that leave in the middle cost nothing", function()
    answer = function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000000\r\n\r\n"
        .. gate.http.pattern(300000))
      connection:wait_end()
    end
    local function leave(n)
      for _ = 1, n do
        local c = gate.client(g):send(gate.http.request("GET", "/page", GZIP))
        c:read_head()
        c:reset()
      end
      up:wait_open(0)
    end
    leave(40)
    local before = g:memory()
    leave(100)
    local more = g:memory() - before -- a sanitizer keeps what was freed for a while
    assert.is_true(more < (gate.slow > 1 and 300 or 8) * MIB, ("%d bytes more"):format(more))
    html(("lunette "):rep(1000))
    assert.equal(("lunette "):rep(1000), inflate.all(g:get("/page", GZIP).body))
  end)

  it("response-replace below gzip: the client's wish is kept, the service is asked for plain content", function()
    pieces("text/html", { "<a href='http://ins", "ide/x'>", "http://inside/y" })
    local r = g:get("/rewritten", GZIP)
    assert.equal("<a href='https://shop.example/x'>https://shop.example/y", inflate.all(r.body))
    assert.is_nil(up:last().headers["Accept-Encoding"])
  end)

  it("response-replace: over all pieces, and no more than so many", function()
    local text = html(("hay needle "):rep(5000))
    local r = g:get("/replaced")
    assert.equal((text:gsub("needle", "pin", 3)), r.body)
    pieces("image/png", { "needle" })
    assert.equal("needle", g:get("/replaced").body)
  end)
end)
