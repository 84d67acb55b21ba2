-- SPDX-License-Identifier: Apache-2.0
-- Who is at fault: an instance is not blamed for its clients.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an instance", function()
  after_each(gate.cleanup)

  it("is not blamed for clients that do not send what they promised", function()
    local up = gate.upstream()
    local g = gate.proxy(up, { gateway = { timeout = "500ms" } })
    local slow = {}
    for i = 1, 8 do
      slow[i] = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
    end
    for _, c in ipairs(slow) do
      local r = c:read("POST")
      assert.is_true(r == nil or r.status == 408)
    end
    for _ = 1, 10 do assert.equal(200, g:get("/").status) end
  end)

  it("is not blamed for clients that go away", function()
    local up = gate.upstream(function(request, connection)
      if request.target == "/good" then return 200, "good" end
      connection:wait_end()
      connection:close()
    end)
    local g = gate.proxy(up)
    for i = 1, 12 do
      local c = gate.client(g):send(gate.http.request("GET", "/left"))
      up:wait_requests(i)
      c:reset()
    end
    up:wait_open(0)
    for _ = 1, 10 do assert.equal(200, g:get("/good").status) end
  end)

  it("is not blamed for clients that read slowly", function()
    local up = gate.upstream(function(request)
      return 200, request.target == "/good" and "good" or ("x"):rep(8 * 1048576)
    end)
    local g = gate.proxy(up, { gateway = { timeout = "5s", timeouts = { send = "200ms" } } })
    local slow = {}
    for i = 1, 5 do
      slow[i] = gate.client(g, { receive_buffer = 4096 }):send(gate.http.request("GET", "/large"))
    end
    up:wait_requests(5)
    gate.wait_until(function() return #up.requests == 5 and up.open <= 5 end, "the requests")
    gate.pause(0.5)
    for _ = 1, 10 do assert.equal(200, g:get("/good").status) end
    for _, c in ipairs(slow) do c:close() end
  end)

  it("is not blamed for an upload that pauses after its early answer", function()
    local up = gate.upstream { head_only = true, handler = function(request, connection)
      if request.method == "GET" then return 200, "good" end
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
      connection:read_body(request)
      connection:send("done")
    end }
    local g = gate.proxy(up, { gateway = { timeout = "500ms" } })
    for _ = 1, 5 do
      local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
      assert.equal(200, c:read_head().status)
      c.socket:read_all()
    end
    for _ = 1, 10 do assert.equal("good", g:get("/").body) end
  end)

  it("is blamed when it has the upload, an answer begun, and nothing more to say", function()
    local up = gate.upstream { head_only = true, handler = function(request, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
      connection:read_body(request)
      connection:wait_end()
    end }
    local g = gate.proxy(up, { gateway = { timeout = "500ms" } })
    local c = gate.client(g):send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
    assert.equal(200, c:read_head().status)
    c:send("body")
    local rest = c.socket:read_all(3)
    assert.equal("", rest)
    up:wait_open(0)
  end)

  it("is not blamed for what the gateway refuses", function()
    local up = gate.upstream()
    local g = gate.proxy(up, { gateway = { limits = { body = 10 } } })
    for _ = 1, 10 do assert.equal(413, g:post("/", ("x"):rep(100)).status) end
    for _ = 1, 10 do
      local c = gate.client(g)
      c:send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
      assert.equal(400, c:read().status)
    end
    for _ = 1, 10 do assert.equal(200, g:get("/").status) end
  end)

  it("is down only briefly after a restart, however many requests it dropped", function()
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/hang" then return 200, "good" end
      connection:wait_end()
    end)
    local g = gate.proxy(up)
    local clients = {}
    for i = 1, 12 do clients[i] = gate.client(g):send(gate.http.request("GET", "/hang")) end
    up:wait_requests(12)
    up:go_down()
    for _, c in ipairs(clients) do
      local status = c:read().status
      assert.is_true(status == 502 or status == 503)
    end
    up:come_back()
    local from = gate.now()
    gate.eventually(function() return g:get("/").status == 200 end, "the instance", 15)
    assert.is_true(gate.now() - from < 3 * gate.slow, "took " .. gate.now() - from)
  end)
end)
