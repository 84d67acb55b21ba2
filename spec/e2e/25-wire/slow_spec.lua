-- SPDX-License-Identifier: Apache-2.0
-- Many slow clients at once: each has its time, and the others do not notice.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local limits = require "spec.support.wire_limits"


local MANY = 150


-- Sends a byte now and then until the other side has enough; what it said.
local function drip(c, front, byte)
  c:send(front)
  local ok, err = pcall(function()
    while c.socket:is_silent(0.02) do c:send(byte) end
  end)
  if not ok and not gate.is_gone(err) then error(err, 0) end
  return (c.socket:read_all())
end


local function start(options)
  local up = gate.upstream { backlog = 1024, handler = function(request) return 200, request.target end }
  return gate.proxy(up, options)
end


-- All of them at once; the answers, and the seconds that it took.
local function attack(g, front, byte)
  local tasks, answers, begin = {}, {}, gate.now()
  for i = 1, MANY do
    tasks[i] = gate.go("dripper " .. i, function() answers[i] = drip(gate.client(g), front, byte) end)
  end
  for i = 1, 20 do assert.equal("/clean-" .. i, g:get("/clean-" .. i).body) end
  for _, task in ipairs(tasks) do task:join(20) end
  return answers, gate.now() - begin
end


describe("slow clients", function()
  after_each(gate.cleanup)

  it("that drip a head are told 408 after timeouts.header, however busy they look", function()
    local g = start { gateway = { timeouts = { header = "500ms" } } }
    local answers, seconds = attack(g, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a")
    for _, answer in ipairs(answers) do assert.match("^HTTP/1.1 408 ", answer) end
    assert.is_true(seconds >= 0.5 and seconds < 3 * gate.slow, seconds)
    assert.equal("/", g:get("/").body)
  end)

  it("that drip empty lines are not endured for ever", function()
    local g = start { gateway = { timeouts = { header = "300ms", idle = "300ms" } } }
    local _, seconds = attack(g, "\r\n", "\r\n")
    assert.is_true(seconds < 3 * gate.slow, seconds)
    assert.equal("/", g:get("/").body)
  end)

  it("that drip a body are told 408 when they are below limits.bodyRate", function()
    local g = start { gateway = { limits = { bodyRate = 1000, bodyGrace = "300ms" } } }
    local answers, seconds = attack(g, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a")
    for _, answer in ipairs(answers) do assert.match("^HTTP/1.1 408 ", answer) end
    assert.is_true(seconds < 5 * gate.slow, seconds)
    assert.equal("/", g:get("/").body)
  end)

  it("that drip chunks are told 408 when they are below limits.bodyRate", function()
    local g = start { gateway = { limits = { bodyRate = 1000, bodyGrace = "300ms" } } }
    local answers = attack(g, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n")
    for _, answer in ipairs(answers) do assert.match("^HTTP/1.1 408 ", answer) end
    assert.equal("/", g:get("/").body)
  end)

  it("that do not read are cut off after timeouts.send, and cost nothing meanwhile", function()
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/big" then return 200, request.target end
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
      local piece = ("x"):rep(65536)
      for _ = 1, 16384 do connection.socket:send(piece, 30) end
    end)
    local g = gate.proxy(up, { gateway = { timeouts = { send = "800ms" } } })
    for _ = 1, 20 do gate.client(g, { receive_buffer = 4096 }):send(gate.http.request("GET", "/big")) end
    up:wait_requests(20)
    gate.pause(0.3)
    local before = limits.cpu(g)
    for i = 1, 20 do assert.equal("/clean-" .. i, g:get("/clean-" .. i).body) end
    gate.pause(0.3)
    assert.is_true(limits.cpu(g) - before < 0.2 * gate.slow, "spins")
    gate.eventually(function() return up.open <= 1 end, "the slow readers to be cut off")
    assert.equal("/", g:get("/").body)
  end)
end)


describe("too many connections", function()
  after_each(gate.cleanup)

  it("are answered or closed at once and cheaply, and the ones that were there first stay", function()
    local g = start { gateway = { limits = { connections = 50 } } }
    local inside = {}
    for i = 1, 50 do
      inside[i] = gate.client(g)
      assert.equal("/", inside[i]:get("/").body)
    end
    local before = limits.cpu(g)
    for _ = 1, 500 do
      local c = gate.client(g)
      local ok, text = pcall(c.socket.read_all, c.socket)
      assert.is_true(not ok or text == "" or text:find("^HTTP/1.1 503 ") ~= nil)
      c:close()
    end
    assert.is_true(limits.cpu(g) - before < 0.5 * gate.slow, "dear")
    for i = 1, 50 do assert.equal("/again", inside[i]:get("/again").body) end
    for _, c in ipairs(inside) do c:close() end
    gate.eventually(function()
      local ok, r = pcall(g.get, g, "/")
      return ok and r and r.status == 200
    end, "room again")
  end)
end)


describe("too few descriptors", function()
  after_each(gate.cleanup)

  it("make the worker rest instead of spinning, and it recovers", function()
    local up = gate.upstream(function(request) return 200, request.target end)
    local g = gate.proxy(up, { shell = "ulimit -n 70", expect = { "" } })
    local clients = {}
    for i = 1, 200 do clients[i] = gate.client(g) end
    gate.pause(0.2)
    local before = limits.cpu(g)
    gate.pause(1)
    assert.is_true(limits.cpu(g) - before < 0.1 * gate.slow, "spins: " .. limits.cpu(g) - before)
    for _, c in ipairs(clients) do c:close() end
    gate.eventually(function()
      local ok, r = pcall(g.get, g, "/after")
      return ok and r and r.body == "/after"
    end, "service again", 10)
  end)
end)
