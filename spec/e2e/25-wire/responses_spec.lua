-- SPDX-License-Identifier: Apache-2.0
-- Hostile responses: 502 or a message that shows that it is not whole, and the next client gets its own answer.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local hostile = require "spec.support.wire_hostile"
local quote = require("spec.support.wire_world").quote


local POISON = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

local STATUS_LINES = {
  "HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 200 OK", "HTTP/1.1 599 X", "HTTP/1.1 600 X",
  "HTTP/1.1 099 X",
  "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2xx OK", "HTTP/1.1 -20 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK",
  "HTTP/1.1 200\tOK", "HTTP/2.0 200 OK", "HTTP/2 200", "HTTP/0.9 200 OK", "HTTP/1.2 200 OK", "HTTP/1 200 OK",
  "http/1.1 200 OK",
  "HTTP/1.1200 OK", "HTTPS/1.1 200 OK", "ICY 200 OK", " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1 200 O\0K",
  "HTTP/1.1 200 O\rK",
  "HTTP/1.1 200 O\nK", "HTTP/1.1 200 \195\164", "HTTP/1.1 200 a b c", "HTTP/1.1 000 OK", "GET / HTTP/1.1", "SSH-2.0-x",
  "", "200 OK",
  "\0HTTP/1.1 200 OK", "HTTP/1.1 200 OK\0", "HTTP/1.1 404 Not Found", "HTTP/1.1 500 ", "HTTP/1.1 418 \tx", "<html>",
  "\22\3\1",
}

local FRAMING = {
  "Content-Length: 5", "Content-Length: 05", "Content-Length: +5", "Content-Length: -5", "Content-Length: 5, 5",
  "Content-Length: x",
  "Content-Length:", "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
  "Content-Length: 0x5",
  "Content-Length: 99999999999999999999", "Content-Length: 9223372036854775808", "Content-Length: 5;x",
  "Content-Length: 5 5",
  "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 15",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
  "Transfer-Encoding:",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: xchunked",
  "Transfer-Encoding : chunked",
  "Content-Length : 5", " Content-Length: 5", "Content-Length: 4", "Content-Length: 6", "Transfer-Encoding: CHUNKED",
  "X-A: 1",
}

local FIELDS = {
  "X-A: b\0c", "X-A: b\rc", "X-A: b\nc", "X-A: b\1", "X-A: b\127", "X-A: b\r\n folded", "X-A: b\r\n\tfolded", "X A: b",
  "X-A : b",
  ": b", "X-A", "X\0A: b", "X-A: \195\164", "X-A: b\tc", "(x): b", "X-A: b\r\r\nX-B: c",
  "Connection: close", "Connection: keep-alive", "Connection: content-length", "Connection: (x)",
  "Connection: set-cookie\r\nSet-Cookie: a=b",
  "Keep-Alive: timeout=0", "Upgrade: websocket\r\nConnection: upgrade", "Trailer: X-Sum", "Content-Type: text/plain",
  "Set-Cookie: a=b\r\nSet-Cookie: c=d",
  "Proxy-Authenticate: Basic", "Content_Length: 7", "X-Lunette: 1", "Host: evil", "Date: yesterday", "Server: x",
  "Via: 1.0 y",
}

local CHUNKED = {
  "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "5\r\nhello\r\n", "5\r\nhel", "5\r\nhello", "5",
  "", "0", "0\r\n", "0\r\n\r",
  "0x5\r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "5\r\nhellooo\r\n0\r\n\r\n", "6\r\nhello\r\n0\r\n\r\n",
  "-5\r\nhello\r\n0\r\n\r\n",
  "5 \r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", "5;\r\nhello\r\n0\r\n\r\n",
  "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  "00000000000000005\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n",
  "5\r\nhello\r\n0\r\nX Bad: 1\r\n\r\n",
  "5\r\nhello\r\n0\r\nX-Sum: 1\n\r\n", "5\r\nhello\r\nzz\r\n\r\n", "5\r\nhelloXX0\r\n\r\n",
  "5\r\nhello\r\n0\r\nX-Sum: 1\r\n folded\r\n\r\n",
  "hello", "5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n", "5\r\nhello\r\n0\r\nTransfer-Encoding: x\r\n\r\n",
}


describe("an instance that answers", function()
  local h
  setup(function() h = hostile.new(gate) end)
  teardown(gate.cleanup)

  local function proves(name, bytes, options)
    it(name, function()
      h:prove(bytes, true, options)
      h:prove(bytes, true, { method = "HEAD" })
      h:prove(bytes, true, { version = "1.0" })
      h:prove(bytes .. POISON, true, options)
    end)
  end

  for _, line in ipairs(STATUS_LINES) do
    proves("with the status line " .. quote(line), line .. "\r\nContent-Length: 5\r\n\r\nhello")
  end

  for _, fields in ipairs(FRAMING) do
    proves("framed by " .. quote(fields), "HTTP/1.1 200 OK\r\n" .. fields .. "\r\n\r\nhello")
    proves("with chunks framed by " .. quote(fields),
    "HTTP/1.1 200 OK\r\n" .. fields .. "\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    proves("in HTTP/1.0 framed by " .. quote(fields), "HTTP/1.0 200 OK\r\n" .. fields .. "\r\n\r\nhello")
  end

  for _, field in ipairs(FIELDS) do
    proves("with the field " .. quote(field:sub(1, 40)),
    "HTTP/1.1 200 OK\r\n" .. field .. "\r\nContent-Length: 5\r\n\r\nhello")
    proves("in front of the end with " .. quote(field:sub(1, 40)),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" .. field .. "\r\n\r\nhello")
  end

  for i, body in ipairs(CHUNKED) do
    proves("with chunks " .. i .. " " .. quote(body), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. body)
  end

  for _, status in ipairs { 204, 304, 200, 201, 205, 206, 301, 404, 416, 503 } do
    for _, rest in ipairs { "Content-Length: 5\r\n\r\nhello", "\r\nhello",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" } do
      proves(("%d with %s"):format(status, quote(rest)), ("HTTP/1.1 %d X\r\n%s"):format(status, rest))
    end
  end

  for _, status in ipairs { 100, 101, 102, 103, 199 } do
    for _, fields in ipairs { "", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n",
    "Upgrade: x\r\n" } do
      proves(("%d and %s before the answer"):format(status, quote(fields)),
        ("HTTP/1.1 %d X\r\n%s\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"):format(status, fields))
    end
  end

  for name, fields in pairs { ["too large"] = "X-A: " .. ("v"):rep(40000) .. "\r\n",
  ["too many"] = ("X-A: b\r\n"):rep(200) } do
    it("with fields that are " .. name .. " is a bad gateway", function()
      h.bytes, h.closes, h.resets = "HTTP/1.1 200 OK\r\n" .. fields .. "Content-Length: 5\r\n\r\nhello", true, false
      local r = h.g:get("/hostile")
      assert.equal(502, r.status)
      assert.equal("bad_response", r.headers["X-Lunette-Reason"])
      h.world:clean()
    end)
  end

  it("with every byte in its head", function()
    for byte = 0, 255 do
      h:prove("HTTP/1.1 200 O" .. string.char(byte) .. "K\r\nContent-Length: 5\r\n\r\nhello", true)
      h:prove("HTTP/1.1 200 OK\r\nX-" .. string.char(byte) .. "A: b\r\nContent-Length: 5\r\n\r\nhello", true)
      h:prove("HTTP/1.1 200 OK\r\nX-A: b" .. string.char(byte) .. "c\r\nContent-Length: 5\r\n\r\nhello", true)
    end
  end)
end)


describe("an instance that keeps the connection", function()
  local h
  setup(function() h = hostile.new(gate) end)
  teardown(gate.cleanup)

  for name, bytes in pairs {
    ["and says too much"] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" .. POISON,
    ["and says too much behind chunks"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" .. POISON,
    ["and answers HEAD with content"] = "HTTP/1.1 200 OK\r\nContent-Length: " .. #POISON .. "\r\n\r\n" .. POISON,
    ["and puts content behind 204"] = "HTTP/1.1 204 No\r\n\r\n" .. POISON,
    ["and puts content behind 304"] = "HTTP/1.1 304 No\r\nContent-Length: " .. #POISON .. "\r\n\r\n" .. POISON,
    ["and answers twice"] = POISON:gsub("poison", "answer") .. POISON,
    ["and means to close"] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello" .. POISON,
    ["and speaks 1.0"] = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello" .. POISON,
  } do
    it(name .. " poisons nobody", function()
      local method = name:find("HEAD") and "HEAD" or "GET"
      for _ = 1, 3 do h:prove(bytes, false, { method = method }) end
      -- In two pieces, the second of which brings the end and what is too much: later it could be the next answer.
      local head = select(2, bytes:find("\r\n\r\n", 1, true))
      local last = (name:find("HEAD") or name:find("behind 204") or name:find("behind 304")) and head or head + 4
      for cut = head - 1, last - 1 do h:prove(bytes, false, { method = method, cut = cut }) end
    end)
  end

  it("and says something when nobody asked poisons nobody", function()
    local late
    local tap = require("spec.support.wire_tap")
    local w = require("spec.support.wire_world").new(gate, { hostile = function(request, connection)
      connection:send(tap.answer(request))
      late = connection
      return true
    end })
    for _ = 1, 10 do
      w:clean()
      late:send(POISON)
    end
  end)
end)


describe("an instance that resets the connection", function()
  local h
  setup(function() h = hostile.new(gate) end)
  teardown(gate.cleanup)

  for _, bytes in ipairs {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "HTTP/1.1 200 OK\r\n\r\nhel",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "HTTP/1.0 200 OK\r\n\r\nhel",
  } do
    it("inside " .. quote(bytes) .. " gives no answer that looks whole", function()
      h.bytes, h.closes, h.resets = bytes, false, true
      for _, version in ipairs { "1.1", "1.0" } do
        local ok, r = pcall(h.g.get, h.g, "/hostile", { version = version })
        assert.is_true(not ok or not r.complete or r.status == 502)
        h.world:clean()
      end
    end)
  end
end)
