-- SPDX-License-Identifier: Apache-2.0
-- Answers that come before the request is whole, and clients that close one direction: everybody can read what is theirs.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local MIB = 1048576
local ANSWER = ("no, thank you; "):rep(2000)


-- An instance that looks at the head alone, answers, and then does as `afterwards` says.
local function hasty(afterwards)
  return gate.upstream { head_only = true, handler = function(request, connection)
    if request.framing == "none" then return 200, request.target end
    connection:respond(413, ANSWER, { "Connection: close" })
    if afterwards then afterwards(connection, request) end
  end }
end


-- As many clients do: all of the request first, and only then a look at the answer.
local function send_all_then_read(c, size, chunked)
  if chunked then
    c:send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
  else
    c:send(("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"):format(size))
  end
  local piece = ("x"):rep(65536)
  if chunked then piece = gate.http.chunk(piece) end
  for _ = 1, size / 65536 do c.socket:send(piece, 10) end
  if chunked then c:send("0\r\n\r\n") end
  return c:read("POST", 10)
end


describe("an answer before the request is whole", function()
  after_each(gate.cleanup)

  local cases = {
    ["from an instance that closes at once"] = function(connection) connection:close() end,
    ["from an instance that closes its half"] = function(connection)
      connection:half_close()
      connection:read_all(20)
    end,
    ["from an instance that reads on"] = function(connection, request) connection:read_body(request, 20) end,
    ["from an instance that stops reading"] = function(connection) gate.loop.wait_until(function()
      return connection.is_closed or not connection.socket.fd
    end, "the end", 60) end,
  }
  for name, afterwards in pairs(cases) do
    for _, size in ipairs { 65536, MIB / 2, 8 * MIB } do
      for _, chunked in ipairs { false, true } do
        it(("%s reaches a client that sends all %d KiB %sfirst"):format(name, size / 1024,
        chunked and "in chunks " or ""),
          function()
            local up = hasty(afterwards)
            local g = gate.proxy(up)
            local r = send_all_then_read(gate.client(g), size, chunked)
            assert.equal(413, r.status)
            assert.is_true(r.body == ANSWER and r.complete)
            assert.equal("/clean", g:get("/clean").body)
            up:stop()
          end)
      end
    end
  end

  it("of the gateway itself reaches a client that sends megabytes first", function()
    local g = gate.proxy(gate.upstream(), { gateway = { limits = { body = 1000 } } })
    local r = send_all_then_read(gate.client(g), 8 * MIB)
    assert.equal(413, r.status)
    assert.is_true(r.complete)
    assert.equal(200, g:get("/clean").status)
  end)

  it("from an instance that keeps the connection does not have it lent while content is missing", function()
    local up = gate.upstream { head_only = true, handler = function(request, connection)
      if request.framing == "none" then return 200, request.target end
      connection:respond(200, "early")
      connection:read_body(request, 20)
    end }
    local g = gate.proxy(up)
    for _ = 1, 3 do
      local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello")
      assert.equal("early", c:read("POST").body)
      local first = up:last().connection
      assert.equal("/clean", g:get("/clean").body)
      assert.is_true(up:last().connection ~= first)
      c:close()
    end
  end)

  it("does not let the rest of the content be taken for a request", function()
    local up = hasty(function(connection, request) connection:read_body(request, 20) end)
    local g = gate.proxy(up)
    local smuggled = gate.http.request("GET", "/smuggled")
    local c = gate.client(g):send(("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"):format(#smuggled))
    assert.equal(413, c:read("POST").status)
    pcall(c.send, c, smuggled)
    pcall(c.read, c)
    assert.equal("/clean", g:get("/clean").body)
    for _, request in ipairs(up.requests) do assert.is_nil(request.target:find("smuggled")) end
  end)
end)


describe("a client that closes its sending half", function()
  after_each(gate.cleanup)

  local function start(handler)
    local up = gate.upstream(handler or function(request) return 200, request.method .. request.body end)
    return gate.proxy(up), up
  end

  it("behind a whole request gets its answer, however late it comes", function()
    local door = gate.gate()
    local g, up = start(function(request)
      if request.target == "/late" then door:wait() end
      return 200, request.target
    end)
    local c = gate.client(g):send(gate.http.request("POST", "/late", { body = "hi" }))
    c:half_close()
    up:wait_requests(1)
    assert.equal("/clean", g:get("/clean").body)
    door:open()
    assert.equal("/late", c:read().body)
    assert.is_true(c:is_closed())
  end)

  it("behind a pipeline gets all answers in order", function()
    local g = start()
    local one = gate.http.request("POST", "/", { body = "1" })
    local c = gate.client(g):send(one .. one:gsub("\r\n1$", "\r\n2") .. one:gsub("\r\n1$", "\r\n3"))
    c:half_close()
    for i = 1, 3 do assert.equal("POST" .. i, c:read().body) end
    assert.is_true(c:is_closed())
  end)

  for name, part in pairs {
    ["a body"] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel",
    ["a chunk"] = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ["the last chunk"] = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ["a head"] = "GET / HTTP/1.1\r\nHost: x\r\n",
  } do
    it("inside " .. name .. " leaves no request that looks whole", function()
      local g, up = start()
      local c = gate.client(g):send(part)
      c:half_close()
      local text = c.socket:read_all()
      assert.is_true(text == "" or text:find("^HTTP/1.1 4") ~= nil)
      assert.equal("GET", g:get("/clean").body)
      for _, request in ipairs(up.requests) do
        assert.is_true(request.method == "GET" or not request.complete)
      end
    end)
  end
end)
