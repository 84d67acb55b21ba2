-- SPDX-License-Identifier: Apache-2.0
-- Chunked requests with every trick in sizes, extensions, ends and trailers.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.wire_world"


local SIZES = {
  "5", "05", "005", "000000000000005", "0000000000000005", "00000000000000005", "0x5", "0X5", "x5", "5h", "+5", "-5",
  " 5", "\t5",
  "5 ", "5\t", "5 5", "5,5", "5.0", "5_", "", " ", ";", "five", "ffffffff", "100000005", "7fffffffffffffff",
  "8000000000000000",
  "ffffffffffffffff", "fffffffffffffffb", "10000000000000005", "-1", "-0", "\0005", "5\0", "5\v", "5\f", "5\r", "5\n",
  "5;", "5;;",
  "A", "a", "6", "4", "0", "00", "0 ", "0;a",
}

local EXTENSIONS = {
  ";a", ";a=b", ";a=b;c=d", ";a;b;c", ';a="b"', ';a="b;c"', ';a="b\\"c"', ';a="', ';a="b', ';a="b\\', ";a=", ";=b",
  ";a==b", ";a=b=c",
  "; a", " ;a", " ; a", ";a =b", ";a= b", ";a = b", ";a=b ", ";a ", ";a\t", ";a;", ";;a", ";a b", ';a="b"c', ';"a"=b',
  ";a=b,c", ";a/b",
  ";a\0", ";a=\0", ";a=\1", ';a="\r"', ';a="\n"', ';a="\0"', ';a="\127"', ';a="\195\164"', ";a=\195\164", ";a\v",
  ";\r", ";a\n", ";a\rb",
  ";a=b\r", ";" .. ("a"):rep(3000), ";a=" .. ("b"):rep(3000), (";a"):rep(1000),
}

local ENDS = { "\r\n", "\n", "\r", "", "\n\r", "\r\r\n", "\r\n\r\n", " \r\n", "\0\r\n", "x\r\n", "\r\nx", "\r \n",
"\rX" }

local TRAILERS = {
  "X-Sum: 1", "X-A: 1\r\nX-B: 2", "x-sum:1", "X-Sum:", "X-Sum: a\tb", "X-Sum: \195\164", "X-Sum : 1", " X-Sum: 1",
  "X-Sum", ": 1",
  "X Sum: 1", "X-Sum: a\0b", "X-Sum: a\rb", "X-Sum: a\nb", "X-A: 1\r\n folded", "X-A: 1\r\n\tfolded", "X-A: 1\nX-B: 2",
  "(X): 1",
  "Content-Length: 5", "content-length: 0", "Transfer-Encoding: chunked", "Host: evil.test", "Connection: close",
  "TE: trailers",
  "Trailer: X-Sum", "Upgrade: websocket", "Expect: 100-continue", "Authorization: Basic eA==", "Cookie: a=b",
  "Content-Type: a/b",
  "Content-Encoding: gzip", "Content-Range: bytes 0-1/2", "Range: bytes=0-1", "X-Forwarded-For: 1.2.3.4",
  "Forwarded: for=1.2.3.4",
  "X-Forwarded-Host: evil.test", "X-Real-IP: 1.2.3.4", "X-Request-Id: 1", "Content_Length: 5",
  "X_Forwarded_For: 1.2.3.4",
  "Max-Forwards: 0", "If-Match: *", "Proxy-Authorization: x", "Cache-Control: no-cache", "Set-Cookie: a=b",
  "Keep-Alive: 1",
  "GET /evil HTTP/1.1", "Via: 1.1 x", "X-Sum: " .. ("v"):rep(4000),
}


local function post(body, fields)
  return "POST /x HTTP/1.1\r\nHost: a.test\r\n" .. (fields or "") .. "Transfer-Encoding: chunked\r\n\r\n" .. body
end


describe("a chunked request", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  local function proves(name, bytes)
    it(name, function() w:prove_followed(bytes) end)
  end

  for _, size in ipairs(SIZES) do
    proves("with size " .. world.quote(size), post(size .. "\r\nhello\r\n0\r\n\r\n"))
    proves("with last size " .. world.quote(size), post("5\r\nhello\r\n" .. size .. "\r\n\r\n"))
  end

  for _, extension in ipairs(EXTENSIONS) do
    local name = world.quote(extension:sub(1, 12))
    proves("with extension " .. name, post("5" .. extension .. "\r\nhello\r\n0\r\n\r\n"))
    proves("with extension at the end " .. name, post("5\r\nhello\r\n0" .. extension .. "\r\n\r\n"))
  end

  for _, ending in ipairs(ENDS) do
    proves("with " .. world.quote(ending) .. " behind a size", post("5" .. ending .. "hello\r\n0\r\n\r\n"))
    proves("with " .. world.quote(ending) .. " behind a chunk", post("5\r\nhello" .. ending .. "0\r\n\r\n"))
    proves("with " .. world.quote(ending) .. " behind the last size", post("5\r\nhello\r\n0" .. ending .. "\r\n"))
    proves("with " .. world.quote(ending) .. " at the end", post("5\r\nhello\r\n0\r\n" .. ending))
    proves("with " .. world.quote(ending) .. " behind a trailer", post("0\r\nX-Sum: 1" .. ending .. "\r\n"))
  end

  for _, trailer in ipairs(TRAILERS) do
    proves("with trailer " .. world.quote(trailer:sub(1, 30)), post("5\r\nhello\r\n0\r\n" .. trailer .. "\r\n\r\n"))
  end

  for _, content in ipairs { "0\r\n\r\n", "GET /evil HTTP/1.1\r\nHost: evil.test\r\n\r\n", "\r\n\r\n", "\0\1\2",
  ("x"):rep(70000) } do
    proves("with content " .. world.quote(content:sub(1, 20)), post(gate.http.chunked { content, content }))
  end

  proves("of a thousand chunks", post(("1\r\nx\r\n"):rep(1000) .. "0\r\n\r\n"))
  proves("of two chunks and none between", post("5\r\nhello\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))

  it("with extensions out of proportion is refused", function()
    w.tap:forget()
    local c = gate.client(w.g):send(post(("1;" .. ("a"):rep(800) .. "\r\nx\r\n"):rep(10) .. "0\r\n\r\n"))
    assert.equal(400, c:read().status)
    w:clean()
    assert.equal(0, #w.tap.requests)
  end)

  it("with too many trailers is refused", function()
    w.tap:forget()
    local c = gate.client(w.g):send(post("1\r\nx\r\n0\r\n" .. ("X-T: " .. ("v"):rep(90) .. "\r\n"):rep(100) .. "\r\n"))
    assert.equal(431, c:read().status)
    w:clean()
    assert.equal(0, #w.tap.requests)
  end)
end)
