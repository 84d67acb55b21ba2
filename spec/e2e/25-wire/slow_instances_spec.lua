-- SPDX-License-Identifier: Apache-2.0
-- Instances that are slow on purpose: each part of an answer has its time, and other clients are served meanwhile.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- Sends a byte now and then until the gateway has enough.
local function drip(connection, front, byte)
  connection:send(front)
  while connection.socket:is_silent(0.02) do connection:send(byte) end
  connection:close()
end


local function start(script, timeouts)
  local up = gate.upstream(function(request, connection)
    if request.target ~= "/slow" then return 200, request.target end
    script(connection)
  end)
  return gate.proxy(up, { service = { timeouts = timeouts, retries = { tries = 1 } } }), up
end


describe("an instance", function()
  after_each(gate.cleanup)

  local function asked(g, up)
    local begin = gate.now()
    local c = gate.client(g):send(gate.http.request("GET", "/slow"))
    up:wait_requests(1)
    assert.equal("/clean", g:get("/clean").body)
    local ok, r = pcall(c.read, c, "GET", 10)
    up:wait_open(1)
    return ok and r or nil, gate.now() - begin
  end

  it("that drips its head has timeouts.firstByte for all of it", function()
    local g, up = start(function(c) drip(c, "HTTP/1.1 200 OK\r\nX-Slow: ", "a") end, { firstByte = "400ms" })
    local r, seconds = asked(g, up)
    assert.equal(504, r.status)
    assert.is_true(seconds < 2 * gate.slow, seconds)
    assert.equal("/clean", g:get("/clean").body)
  end)

  it("that drips interim answers has timeouts.firstByte for all of them", function()
    local g, up = start(function(c) drip(c, "", "HTTP/1.1 103 Wait\r\n\r\n") end, { firstByte = "250ms" })
    local r, seconds = asked(g, up)
    assert.is_true(r.status == 504 or r.status == 502)
    assert.is_true(seconds < 2 * gate.slow, seconds)
  end)

  it("that drips its body for ever is bound by timeouts.total", function()
    local g, up = start(function(c) drip(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "a") end,
    { total = "500ms" })
    local r, seconds = asked(g, up)
    assert.is_true(r == nil or not r.complete)
    assert.is_true(seconds < 3 * gate.slow, seconds)
  end)

  it("that drips trailers for ever is bound by timeouts.total", function()
    local head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: "
    local g, up = start(function(c) drip(c, head, "a") end, { total = "500ms" })
    local r = asked(g, up)
    assert.is_true(r == nil or not r.complete)
  end)

  it("that falls silent inside its body has timeouts.idle", function()
    local g, up = start(function(c)
      c:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
      c:read_all(10)
      c:close()
    end, { idle = "300ms" })
    local r, seconds = asked(g, up)
    assert.is_true(r == nil or not r.complete)
    assert.is_true(seconds >= 0.25 and seconds < 2 * gate.slow, seconds)
  end)

  it("that says nothing and closes when asked again is told apart from one that answers", function()
    local g, up = start(function(c) c:read_all(10) c:close() end, { firstByte = "300ms" })
    assert.equal(504, asked(g, up).status)
    assert.equal("/clean", g:get("/clean").body)
  end)
end)


describe("a client that was answered and told to go", function()
  after_each(gate.cleanup)

  it("does not hold up the end of a worker by staying", function()
    local g = gate.proxy(gate.upstream(), { gateway = { drainTimeout = "20s" } })
    local clients = {}
    for i = 1, 5 do
      clients[i] = gate.client(g):send("GET / HTTP/1.1\r\nbad\r\n\r\n")
      assert.equal(400, clients[i]:read().status)
    end
    local begin = gate.now()
    g:signal(gate.process.TERM)
    assert.equal(0, g:wait_exit(20))
    assert.is_true(gate.now() - begin < 2 * gate.slow, gate.now() - begin)
  end)

  it("is cut off although it goes on sending (half a minute: with LN_LONG)", function()
    if not os.getenv("LN_LONG") then return pending("LN_LONG is not set") end
    local g = gate.proxy(gate.upstream(), { gateway = { limits = { body = 10 } } })
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n")
    assert.equal(413, c:read("POST").status)
    local begin = gate.now()
    pcall(function()
      while gate.now() - begin < 50 do
        c:send("x")
        gate.pause(0.2)
      end
    end)
    assert.is_true(gate.now() - begin < 40)
    assert.equal(200, g:get("/clean").status)
  end)
end)
