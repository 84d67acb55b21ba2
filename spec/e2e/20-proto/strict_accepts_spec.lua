-- SPDX-License-Identifier: Apache-2.0
-- Requests that look odd and are right: they must pass.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a strict gateway takes", function()
  local up, g

  setup(function()
    up = gate.upstream(function(request) return 200, request.body end)
    g = gate.proxy(up)
  end)
  teardown(gate.cleanup)

  local good = {
    { "a bracketed Host with a port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n" },
    { "a Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n" },
    { "a Host with an escape", "GET / HTTP/1.1\r\nHost: a%41b\r\n\r\n" },
    { "names with every token character", "GET / HTTP/1.1\r\nHost: x\r\n!#$%&'*+-.^_`|~0aZ: b\r\n\r\n" },
    { "Chunked in any case", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: cHuNkEd\r\n\r\n0\r\n\r\n" },
    { "leading zeros in Content-Length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 005\r\n\r\nhello", "hello" },
    { "chunk extensions, several and quoted", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. '5;a;b=c;d="e;f\\"g"\r\nhello\r\n0;last\r\n\r\n', "hello" },
    { "zeros before a chunk size", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. "0005\r\nhello\r\n000\r\n\r\n", "hello" },
    { "trailer fields", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      .. "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "hello" },
    { "the absolute form", "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n" },
    { "a target of every allowed character",
      "GET /-._~!$&'()*+,;=:@/%20?-._~!$&'()*+,;=:@/?%20 HTTP/1.1\r\nHost: x\r\n\r\n" },
  }
  for _, case in ipairs(good) do
    it(case[1], function()
      local c = gate.client(g):send(case[2])
      local r = c:read()
      assert.equal(200, r.status)
      assert.equal(case[3] or "", r.body)
      assert.is_true(c:is_open(0.01))
    end)
  end
end)
