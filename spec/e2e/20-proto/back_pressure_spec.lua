-- SPDX-License-Identifier: Apache-2.0
-- A reader that is slow slows its writer down, and memory stays bounded.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local MIB = 1048576


-- What the kernel may keep between the two for itself, at most.
local function kernel_buffers()
  local total = 0
  for _, name in ipairs { "tcp_rmem", "tcp_wmem" } do
    local file = assert(io.open("/proc/sys/net/ipv4/" .. name))
    total = total + tonumber(file:read("*a"):match("(%d+)%s*$"))
    file:close()
  end
  return total
end


describe("back-pressure", function()
  after_each(gate.cleanup)

  local most = kernel_buffers() + MIB
  local size = 2 * most

  -- Sends until the other side has not read anything for a while; the number of bytes that went.
  local function fill(s, limit)
    local piece, sent, idle = ("x"):rep(65536), 0, 0
    while sent < limit and idle < 10 do
      local n = s:try_send(piece)
      sent = sent + n
      idle = n == 0 and idle + 1 or 0
      if n == 0 then gate.pause(0.02) end
    end
    return sent
  end

  it("stops reading an upstream whose client does not read", function()
    local filled
    local up = gate.upstream(function(_, connection)
      connection:set_send_buffer(65536)
      connection:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(size))
      filled = fill(connection.socket, size)
      connection:send(("x"):rep(size - filled), 20)
    end)
    local g = gate.proxy(up)
    local c = gate.client(g, { receive_buffer = 8192 }):send(gate.http.request("GET", "/"))
    local response = c:read_head()
    gate.wait_until(function() return filled end, "the upstream to be stopped", 10)
    assert.is_true(filled < most, "stopped after " .. filled)
    c:read_body(response, 20)
    assert.is_true(response.complete)
  end)

  it("stops reading a client whose upstream does not read", function()
    local open = gate.gate("the upstream")
    local up = gate.upstream { head_only = true, handler = function(request, connection)
      open:wait(20)
      connection:read_body(request, 20)
      return 200, tostring(#request.body)
    end }
    local g = gate.proxy(up)
    local c = gate.client(g)
    c.socket:set_send_buffer(65536)
    c:send(("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"):format(size))
    up:wait_requests(1)
    local sent = fill(c.socket, size)
    assert.is_true(sent < most, "stopped after " .. sent)
    open:open()
    c:send(("x"):rep(size - sent), 20)
    assert.equal(tostring(size), c:read("POST", 20).body)
  end)

  it("keeps memory bounded meanwhile", function()
    local up = gate.upstream(function(_, connection)
      connection:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(16 * MIB))
      connection:send(("x"):rep(16 * MIB), 20)
    end)
    local g = gate.proxy(up)
    local before, clients = g:memory(), {}
    for i = 1, 20 do
      clients[i] = gate.client(g, { receive_buffer = 4096 }):send(gate.http.request("GET", "/"))
    end
    up:wait_requests(20)
    for _, c in ipairs(clients) do c:read_head() end
    gate.pause(0.3)
    assert.is_true(g:memory() - before < 20 * (gate.slow > 1 and 1024 or 256) * 1024)
    for _, c in ipairs(clients) do c:close() end
    up:wait_open(0)
  end)
end)
