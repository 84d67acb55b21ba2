-- SPDX-License-Identifier: Apache-2.0
-- Request targets and Host in all forms and spellings: what is matched is what is forwarded, and nothing else is.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local world = require "spec.support.wire_world"


-- Put together in threes, with slashes between and around.
local SEGMENTS = { "a", "", ".", "..", "%2e", "%2E%2e", ".%2e", "...", "%2f", "..%2f", "%5c..", "..;", ".;x", "a;b",
"%00" }

local TARGETS = {
  "*", "a", "a/b", "?", "?a", "/?", "/??", "/?a?b", "/?a=b&c=%20", "/?%", "/?%4", "/?%zz", "/?a#b", "/#", "/a#", "#",
  "//", "///",
  "//evil.test/a", "/a//b", "/%", "/%4", "/%zz", "/%u0041", "/%c0%ae%c0%ae/", "/%252e%252e/", "/%00", "/a%00b",
  "/%0d%0aX:%20y",
  "/%0a", "/\\..\\a", "/a\\b", "/%5c", "/a%20b", "/{a}", "/a|b", "/a^b", "/a`b", "/<a>", '/"a"', "/[a]", "/?[a]=b",
  "/~a", "/%7ea",
  "/@:!$&'()*+,;=", "/?@:!$&'()*+,;=/?", "/a;jsessionid=1", "/a;/../b", "/;/a", "/;a/..", "/..;/a", "/.;/a", "/a/..;/b",
  "http://h.test/", "http://h.test", "http://h.test?a", "http://h.test/a/../b", "HTTP://h.test/", "http://H.TEST/a",
  "http://h.test:80/",
  "http://h.test:/", "http://h.test:81/", "http://other.test/", "http://u@h.test/", "http://u:p@h.test/", "http:///a",
  "http://",
  "http:/h.test/", "http:h.test", "http:", "https://h.test/", "ftp://h.test/", "ws://h.test/", "file:///etc/passwd",
  "://h.test/",
  "http://h.test#a", "http://h.test/#a", "http://h.test\\@evil.test/", "http://h.test%2f@evil.test/", "http://[::1]/",
  "http://[::1/",
  "h.test:80", "h.test", "javascript:1", "urn:a", "/\195\164", "/\255", "/?\195\164", "http://h.test/..",
  "http://h.test/%2e%2e/",
}

local HOSTS = {
  "h.test", "H.Test", "h", "h.", ".", "..", "h..test", "-h", "h_t", "1.2.3.4", "1.2.3.4.5", "999.1.1.1", "0x7f.1",
  "[::1]", "[::1]:80",
  "[::]", "[1:2:3:4:5:6:7:8]", "[1::8]:1", "[::ffff:1.2.3.4]", "[::1%25lo]", "[v1.x]", "[]", "[:]", "[::g]",
  "[1:2:3:4:5:6:7:8:9]",
  "::1", "[::1", "::1]", "[::1]x", "[::1]:", "[::1]:x", "[[::1]]", "h:80", "h:", "h:0", "h:65535", "h:65536",
  "h:99999999999999",
  "h:-1", "h:+1", "h:8o", "h: 80", "h :80", "h:80:80", ":80", ":", "", " ", "\t", "h t", "h,t", "h/t", "h\\t", "h?t",
  "h#t", "u@h",
  "u:p@h", "@h", "h@", "h%2ft", "h%", "h%4", "h%41", "h%00", "h\0", "h\195\164", "xn--h-0ga", "http://h", "h;t", "h=t",
  "h'", '"h"',
  "<h>", "{h}", "h|t", "h^t", "h`t", "h!$&'()*+,;=", "localhost", ("h"):rep(255), ("h"):rep(256), "h, t", "h h", "*",
  "*.test",
}


local function get(target, host)
  return ("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n"):format(target, host or "h.test")
end


describe("a target", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  for _, first in ipairs(SEGMENTS) do
    it("that begins with segment " .. world.quote(first), function()
      for _, second in ipairs(SEGMENTS) do
        w:prove_followed(get("/" .. first .. "/" .. second))
        w:prove_followed(get("/" .. first .. "/" .. second .. "/"))
        for _, third in ipairs(SEGMENTS) do w:prove_followed(get(("/%s/%s/%s"):format(first, second, third))) end
      end
    end)
  end

  for _, target in ipairs(TARGETS) do
    if target ~= "*" then
      it(world.quote(target), function() w:prove_followed(get(target)) end)
    end
  end

  it("* is for OPTIONS alone", function()
    w:prove_followed(get "*", "refuse")
  end)

  for _, line in ipairs {
    "GET", "GET ", "GET /", "GET / ", "GET / HTTP", "GET / HTTP/", "GET / HTTP/1", "GET / HTTP/1.", "GET / HTTP/1.10",
    "GET / HTTP/01.1", "GET / HTTP/1.01", "GET / HTTP/0.9", "GET / HTTP/1.2", "GET / HTTP/2.0", "GET / HTTP/2",
    "GET / HTTP/3.0",
    "GET / http/1.1", "GET / Http/1.1", "GET / HTTPS/1.1", "GET / HTTP/ 1.1", "GET / HTTP /1.1", "GET / HTTP/1,1",
    "GET / HTTP-1.1",
    "GET / HTTP/-1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.1\t", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/ HTTP/1.1",
    "GET /\tHTTP/1.1",
    " GET / HTTP/1.1", "\tGET / HTTP/1.1", "GET / a HTTP/1.1", "get / HTTP/1.1", "Get / HTTP/1.1", "G@T / HTTP/1.1",
    "FOO / HTTP/1.1",
    "TRACE / HTTP/1.1", "CONNECT h.test:80 HTTP/1.1", "CONNECT / HTTP/1.1", "PRI * HTTP/2.0", "HTTP/1.1 200 OK",
    "/ HTTP/1.1",
    "GET HTTP/1.1", "GET / HTTP/1.1 HTTP/1.1", "GET / HTTP/1.1\0", "GET\0/ HTTP/1.1", "\22\3\1\2\0\1\0\1\252\3\3",
    ("A"):rep(40) .. " / HTTP/1.1",
  } do
    it("in the request line " .. world.quote(line), function()
      w:prove_followed(line .. "\r\nHost: h.test\r\n\r\n", "refuse")
    end)
  end
end)


describe("a host", function()
  local w
  setup(function() w = world.new(gate) end)
  teardown(gate.cleanup)

  for _, host in ipairs(HOSTS) do
    it(world.quote(host), function()
      w:prove_followed(get("/", host))
      w:prove_followed(get("http://h.test/", host))
    end)
  end

  for name, lines in pairs {
    ["missing"] = "", ["twice"] = "Host: h.test\r\nHost: h.test\r\n",
    ["twice, spelt otherwise"] = "Host: h.test\r\nhOST: h.test\r\n",
    ["twice, apart"] = "Host: h.test\r\nX-A: 1\r\nHost: other.test\r\n",
    ["twice, one empty"] = "Host: h.test\r\nHost:\r\n",
    ["with a space before the colon"] = "Host : h.test\r\n", ["folded"] = "Host: h.test\r\n .evil\r\n",
    ["folded from the start"] = "Host:\r\n h.test\r\n", ["behind a space"] = " Host: h.test\r\n",
    ["behind a folded line"] = "X-A: 1\r\n Host: h.test\r\nHost: h.test\r\n",
  } do
    it("that is " .. name, function()
      w:prove_followed("GET / HTTP/1.1\r\n" .. lines .. "\r\n", "refuse")
      if name ~= "missing" then w:prove_followed("GET / HTTP/1.0\r\n" .. lines .. "\r\n", "refuse") end
    end)
  end

  it("that is missing in HTTP/1.0 is none", function()
    w:prove_followed("GET /a HTTP/1.0\r\n\r\n", "pass")
  end)
end)
