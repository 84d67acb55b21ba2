-- SPDX-License-Identifier: Apache-2.0
-- What a client or an instance can make the gateway spend: memory, time and processor, all of it bounded.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local limits = require "spec.support.wire_limits"


local MIB = 1048576
local BIG = 256


-- The most that a worker's memory has grown above what it was, in bytes; 0 under sanitizers, where it says nothing.
local function grown(g, before)
  return limits.is_sanitized(g) and 0 or g:memory("VmHWM") - before
end


local function send_pattern(s, count)
  local piece = ("0123456789abcdef"):rep(MIB / 16)
  for _ = 1, count do s:send(piece, 30) end
end


-- Reads `count` MiB, with a rest after every eighth, in which the sender runs into the wall.
local function read_slowly(s, count)
  local got, next_rest = 0, 0
  while got < count * MIB do
    local piece = s:recv(nil, 30)
    assert(piece ~= "", "the stream ended after " .. got)
    got = got + #piece
    if got > next_rest then
      next_rest = next_rest + count * MIB / 8
      gate.pause(0.05)
    end
  end
  return got
end


describe("a big body", function()
  after_each(gate.cleanup)

  local function warm(g)
    for _ = 1, 20 do g:get("/warm") end
    return g:memory("VmHWM")
  end

  it("through a slow reader stays within buffers", function()
    local g = gate.proxy(gate.upstream(function(request, connection)
      if request.target == "/warm" then return 200, "warm" end
      connection:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(BIG * MIB))
      send_pattern(connection.socket, BIG)
    end))
    local before = warm(g)
    local c = gate.client(g, { receive_buffer = 16384 }):send(gate.http.request("GET", "/big"))
    assert.equal(200, c:read_head().status)
    assert.equal(BIG * MIB, read_slowly(c.socket, BIG))
    assert.is_true(grown(g, before) < MIB, "grew by " .. grown(g, before))
  end)

  it("in chunks through a slow reader stays within buffers", function()
    local g = gate.proxy(gate.upstream(function(request, connection)
      if request.target == "/warm" then return 200, "warm" end
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      local piece = gate.http.chunk(("0123456789abcdef"):rep(MIB / 16))
      for _ = 1, 64 do connection.socket:send(piece, 30) end
      connection:send("0\r\n\r\n")
    end))
    local before = warm(g)
    local c = gate.client(g, { receive_buffer = 16384 }):send(gate.http.request("GET", "/big"))
    local head = c:read_head()
    read_slowly(c.socket, 64)
    assert.equal("chunked", head.framing)
    assert.is_true(grown(g, before) < MIB, "grew by " .. grown(g, before))
  end)

  it("to a slow instance stays within buffers", function()
    local g = gate.proxy(gate.upstream { head_only = true, handler = function(request, connection)
      if request.target == "/warm" then return 200, "warm" end
      read_slowly(connection.socket, BIG)
      return 200, "all of it"
    end })
    local before = warm(g)
    local c = gate.client(g):send(("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"):format(BIG * MIB))
    send_pattern(c.socket, BIG)
    assert.equal("all of it", c:read("POST", 30).body)
    assert.is_true(grown(g, before) < MIB, "grew by " .. grown(g, before))
  end)
end)


describe("a pipeline of five thousand", function()
  after_each(gate.cleanup)

  local COUNT = 5000

  local function start()
    return gate.proxy(gate.upstream(function(request) return 200, request.target end))
  end

  local function pipeline()
    local all = {}
    for i = 1, COUNT do all[i] = gate.http.request("GET", "/" .. i) end
    return table.concat(all)
  end

  -- `seen`, when given, knows how many have come.
  local function read_all(c, seen)
    for i = 1, COUNT do
      local r = c:read("GET", 30)
      assert(r and r.body == "/" .. i, ("answer %d is %s"):format(i, tostring(r and r.body)))
      if seen then seen.count = i end
    end
  end

  it("is served in order with bounded memory", function()
    local g = start()
    for _ = 1, 20 do g:get("/warm") end
    local before = g:memory("VmHWM")
    local c = gate.client(g)
    local sender = gate.go("sender", function() c:send(pipeline(), 60) end)
    read_all(c)
    sender:join()
    assert.is_true(grown(g, before) < MIB, "grew by " .. grown(g, before))
  end)

  it("waits while its client does not read, and others are served", function()
    local g = start()
    local c = gate.client(g, { receive_buffer = 8192 })
    local sender = gate.go("sender", function() c:send(pipeline(), 60) end)
    for i = 1, 20 do assert.equal("/clean-" .. i, g:get("/clean-" .. i).body) end
    read_all(c)
    sender:join()
  end)

  it("leaves its neighbours their turn", function()
    local g = start()
    local c = gate.client(g)
    gate.go("sender", function() c:send(pipeline(), 60) end):detach()
    local seen = { count = 0 }
    local reader = gate.go("reader", function() read_all(c, seen) end)
    for i = 1, 8 do assert.equal("/clean-" .. i, g:get("/clean-" .. i).body) end
    assert.is_true(seen.count < COUNT, "they had to wait for the whole pipeline")
    reader:join(60)
  end)
end)
