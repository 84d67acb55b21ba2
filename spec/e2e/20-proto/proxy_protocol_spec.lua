-- SPDX-License-Identifier: Apache-2.0
-- The PROXY protocol of clients: believed from trusted proxies only, in both versions.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local V2 = "\r\n\r\n\0\r\nQUIT\n"


-- A version 2 header: command and family bytes, and what follows them.
local function v2(command, family, payload)
  return V2 .. string.char(command, family, math.floor(#payload / 256), #payload % 256) .. payload
end


local TCP4 = "\203\0\113\9\127\0\0\1\48\57\0\80" -- 203.0.113.9:12345 -> 127.0.0.1:80
local TCP6 = "\32\1\13\184" .. ("\0"):rep(11) .. "\7" .. ("\0"):rep(15) .. "\1" .. "\48\57\0\80"
local GET = gate.http.request("GET", "/")


describe("a PROXY header", function()
  local up, g, strict

  setup(function()
    up = gate.upstream()
    local function start(mode, trusted)
      return gate.proxy(up, { gateway = { trustedProxies = trusted, timeouts = { header = "300ms" }, listeners = {
        { name = "main", listen = "127.0.0.1:0", proxyProtocol = mode },
      } } })
    end
    g = start("on", { "127.0.0.0/8" })
    strict = start("require", { "127.0.0.1" })
  end)
  teardown(gate.cleanup)

  local good = {
    { "version 1, IPv4", "PROXY TCP4 203.0.113.9 127.0.0.1 12345 80\r\n", "203.0.113.9" },
    { "version 1, IPv6", "PROXY TCP6 2001:db8::7 ::1 12345 80\r\n", "2001:db8::7" },
    { "version 1, unknown", "PROXY UNKNOWN\r\n", "127.0.0.1" },
    { "version 1, unknown with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1" },
    { "version 2, IPv4", v2(0x21, 0x11, TCP4), "203.0.113.9" },
    { "version 2, IPv6", v2(0x21, 0x21, TCP6), "2001:db8::7" },
    { "version 2 with extensions", v2(0x21, 0x11, TCP4 .. "\4\0\3abc"), "203.0.113.9" },
    { "version 2, local", v2(0x20, 0x00, ""), "127.0.0.1" },
  }
  for _, case in ipairs(good) do
    it(case[1] .. " tells who is there", function()
      local c = gate.client(g):send(case[2] .. GET)
      assert.equal(200, c:read().status)
      assert.equal(case[3], up:last().headers["X-Forwarded-For"]:match("^[^,]+"))
      c:send(GET)
      assert.equal(200, c:read().status)
      assert.equal(case[3], up:last().headers["X-Forwarded-For"]:match("^[^,]+"))
    end)

    it(case[1] .. " may trickle in", function()
      local c = gate.client(g):trickle(case[2] .. GET, 0.0005)
      assert.equal(200, c:read().status)
    end)
  end

  local bad = {
    { "version 1 with an address that is none", "PROXY TCP4 203.0.113.999 127.0.0.1 1 80\r\n" },
    { "version 1 with the wrong family", "PROXY TCP4 2001:db8::7 ::1 1 80\r\n" },
    { "version 1 with a port out of range", "PROXY TCP4 203.0.113.9 127.0.0.1 70000 80\r\n" },
    { "version 1 without an end", "PROXY TCP4 " .. ("1"):rep(200) },
    { "version 1 with a bare LF", "PROXY TCP4 203.0.113.9 127.0.0.1 1 80\n" },
    { "version 2 of another version", v2(0x31, 0x11, TCP4) },
    { "version 2 with too few addresses", v2(0x21, 0x11, TCP4:sub(1, 8)) },
  }
  for _, case in ipairs(bad) do
    it(case[1] .. " is refused", function()
      local before = #up.requests
      local c = gate.client(g):send(case[2] .. GET)
      local text = c.socket:read_all()
      assert.is_nil(text:find(" 200 ", 1, true))
      assert.equal(before, #up.requests)
      assert.equal(200, g:get("/").status)
    end)
  end

  it("is not needed where it is only allowed", function()
    assert.equal(200, g:get("/").status)
    assert.equal("127.0.0.1", up:last().headers["X-Forwarded-For"])
  end)

  it("is needed where it is required", function()
    local before = #up.requests
    gate.client(strict):send(GET).socket:read_all()
    assert.equal(before, #up.requests)
    assert.equal(200, gate.client(strict):send("PROXY TCP4 203.0.113.9 127.0.0.1 1 80\r\n" .. GET):read().status)
  end)

  it("from somebody who is not trusted is closed where it is required", function()
    local before = #up.requests
    local c = gate.client(strict, { from = "127.0.0.9" })
    pcall(c.send, c, "PROXY TCP4 203.0.113.9 127.0.0.1 1 80\r\n" .. GET)
    c.socket:read_all()
    assert.equal(before, #up.requests)
  end)

  it("on a listener that expects none is a malformed request", function()
    local plain = gate.proxy(up)
    local c = gate.client(plain):send("PROXY TCP4 203.0.113.9 127.0.0.1 1 80\r\n" .. GET)
    assert.equal(400, c:read().status)
  end)
end)
