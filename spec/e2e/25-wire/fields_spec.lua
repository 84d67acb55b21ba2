-- SPDX-License-Identifier: Apache-2.0
-- Fields that say what happens to other fields, or look like those that do; and requests one behind the other.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.wire_world"


local OPTIONS = {
  "close", "keep-alive", "Close", "KEEP-ALIVE", "close, keep-alive", "keep-alive, close", "x-hop", "X-Hop, x-other",
  "x-hop,,x-other",
  ",", "", " ", "x-hop,", ",x-hop", "host", "Host", "Content-Length", "content-length", "Transfer-Encoding",
  "transfer-encoding",
  "keep-alive, content-length", "close,host", "Cookie", "Authorization", "Content-Type", "X-Forwarded-For",
  "Forwarded", "Via", "Date",
  "Expect", "Range", "Origin", "Content-Encoding", "Cache-Control", "Accept", "Trailer", "TE", "Upgrade",
  "upgrade, x-hop",
  "Proxy-Authorization", "x hop", "x;hop", "(x)", '"x-hop"', "x-hop\0", "x=1", "x/y", "X-Request-Id", "X-Origin-Host",
}

local FIELDS = {
  "X-Hop: 1", "x-other: 2", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Connection: close",
  "TE: trailers",
  "TE: gzip, trailers;q=0.5", "TE: chunked", "Upgrade: h2c", "Upgrade: websocket", "HTTP2-Settings: AAA",
  "Trailer: X-Sum",
  "Proxy-Authorization: Basic eA==", "X-Forwarded-For: 1.2.3.4", "x-forwarded-for: evil", "X-Forwarded-Host: evil",
  "X-Real-IP: 1.2.3.4",
  "X-Forwarded-Proto: https", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil", "Forwarded: for=1.2.3.4;host=evil",
  "X-Request-Id: evil",
  "X-Origin-Host: evil", "Content_Length: 5", "CONTENT_LENGTH: 5", "Transfer_Encoding: chunked", "X_Forwarded_For: 1",
  "X_Real_IP: 1",
  "X-Forwarded_For: 1", "X.Forwarded.For: 1", "X-Real~IP: 1",
  "X_Forwarded-Host: 1", "X_Request_Id: 1", "X_Hop: 1", "Content-Length-: 5",
  "Content--Length: 5",
  "Range: bytes=0-4", "If-Match: \"a\"", "If-None-Match: *", "If-Modified-Since: x", "If-Range: \"a\"",
  "Cookie: a=b; c=d", "Cookie: ",
  "Expect: 100-continue", "Expect: 100-Continue", "Expect: 200-ok", "Expect: ", "Expect: 100-continue, x",
  "Expect: 100-continue;q=1",
  "Max-Forwards: 5", "Host2: x", "X-Empty:", "X-Spaces:  \t a \t ", "X-Colon: a:b:c", "X-Utf8: \195\164\226\130\172",
  "x!#$%&'*+.^_`|~: 1",
  "X-Long: " .. ("v"):rep(8000), ("N"):rep(4000) .. ": v", "Date: x", "Via: 1.1 a", "Authorization: Bearer x",
  "Origin: null",
  "User-Agent:", "Accept: */*\r\nAccept: text/plain", "Set-Cookie: a=b\r\nSet-Cookie: c=d",
  "X-Dup: 1\r\nx-dup: 2\r\nX-DUP: 3",
}


local function get(fields, version)
  return ("GET /x HTTP/%s\r\nHost: a.test\r\n%s\r\n"):format(version or "1.1", fields)
end


describe("a field", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  for _, option in ipairs(OPTIONS) do
    it("Connection: " .. world.quote(option), function()
      local line = "Connection: " .. option .. "\r\n"
      w:prove_followed(get(line))
      w:prove_followed(get(line, "1.0"))
      w:prove_followed(get(line .. "X-Hop: 1\r\nX-Other: 2\r\nKeep-Alive: 3\r\nCookie: a=b\r\n"))
      w:prove_followed(get("X-Hop: 1\r\nX-Other: 2\r\nConnection: keep-alive\r\n" .. line))
      w:prove_followed("POST /x HTTP/1.1\r\nHost: a.test\r\n" .. line .. "Content-Length: 5\r\n\r\nhello")
      w:prove_followed("POST /x HTTP/1.1\r\nHost: a.test\r\n" .. line .. "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    end)
  end

  for _, field in ipairs(FIELDS) do
    it(world.quote(field:sub(1, 40)), function()
      w:prove_followed(get(field .. "\r\n"))
      w:prove_followed(get(field .. "\r\n", "1.0"))
      w:prove_followed(get(field .. "\r\nConnection: x-hop, keep-alive\r\n" .. field .. "\r\n"))
      w:prove_followed("POST /x HTTP/1.1\r\n" .. field .. "\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello")
    end)
  end
end)


describe("requests one behind the other", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  local parts = {
    get "", "HEAD /h HTTP/1.1\r\nHost: b.test\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: c.test\r\nContent-Length: 5\r\n\r\nhello",
    "PUT /c HTTP/1.1\r\nHost: d.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", "\r\n",
    "GET /bad HTTP/1.1\r\n\r\n", get "Connection: close\r\n", get("", "1.0"), get("Connection: keep-alive\r\n", "1.0"),
    "POST /e HTTP/1.1\r\nHost: e.test\r\nContent-Length: 0\r\n\r\n",
    "POST /b HTTP/1.1\r\nHost: b\r\nContent-Length: x\r\n\r\n",
    "POST /s HTTP/1.1\r\nHost: c.test\r\nContent-Length: 44\r\n\r\n"
      .. "GET /swallowed HTTP/1.1\r\nHost: evil.test\r\n\r\n",
  }

  for i, first in ipairs(parts) do
    it("begun by " .. world.quote(first:sub(1, 30)) .. i, function()
      for _, second in ipairs(parts) do
        for _, third in ipairs(parts) do w:prove_followed(first .. second .. third) end
      end
    end)
  end

  it("with more empty lines between than are forgiven", function()
    w:prove(get "" .. "\r\n\r\n\r\n\r\n" .. get "")
    w:prove(get "" .. ("\r\n"):rep(9) .. get "")
  end)

  it("in whatever pieces they come", function()
    local bytes = table.concat(parts, "", 1, 4)
    for cut = 1, #bytes - 1 do w:prove_in_pieces(bytes, cut) end
  end)
end)
