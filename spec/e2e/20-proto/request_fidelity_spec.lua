-- SPDX-License-Identifier: Apache-2.0
-- What passes, passes as it was: order, case, duplicates and values of a request's fields, method, target.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a request", function()
  local up, g

  setup(function()
    up = gate.upstream()
    g = gate.proxy(up, { gateway = {
      headers = { forwarded = "none", requestId = "", originHost = false },
    }, service = { preserveHost = true } })
  end)
  teardown(gate.cleanup)

  it("keeps order, case and duplicates of its fields", function()
    local lines = { "Host: gateway.test", "X-b: 1", "x-A: 2", "X-B: 3", "ACCEPT: */*", "x-a: 2" }
    g:get("/", { headers = lines })
    assert.same(lines, up:last().headers:lines())
  end)

  it("keeps values: inner space, empty ones, bytes above 127", function()
    local lines = { "Host: x", "A: b  c\td", "Empty:", "Utf8: caf\195\169", "Quote: \"a, b\"" }
    gate.client(g):send("GET / HTTP/1.1\r\n" .. table.concat(lines, "\r\n") .. "\r\n\r\n"):read()
    local headers = up:last().headers
    assert.equal("b  c\td", headers["A"])
    assert.equal("", headers["Empty"])
    assert.equal("caf\195\169", headers["Utf8"])
    assert.equal('"a, b"', headers["Quote"])
  end)

  it("loses white space around values only", function()
    gate.client(g):send("GET / HTTP/1.1\r\nHost: x\r\nA:\t  b \t\r\n\r\n"):read()
    assert.equal("b", up:last().headers["A"])
  end)

  it("keeps cookies as they are", function()
    g:get("/", { headers = { "Cookie: a=1; b=2", "Cookie: c=3" } })
    assert.same({ "a=1; b=2", "c=3" }, up:last().headers:all("Cookie"))
  end)

  it("may have a long field, a hundred fields and a long target", function()
    local lines = { "Long: " .. ("v"):rep(16000) }
    for i = 1, 98 do lines[#lines + 1] = "X-" .. i .. ": " .. i end
    local target = "/" .. ("t"):rep(8000)
    assert.equal(200, g:get(target, { headers = lines }).status)
    assert.equal(100, #up:last().headers)
    assert.equal(target, up:last().target)
  end)

  for _, method in ipairs { "GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT" } do
    it(("%s stays what it is"):format(method), function()
      assert.equal(200, g:request(method, "/").status)
      assert.equal(method, up:last().method)
    end)
  end

  for target, forwarded in pairs {
    ["/a?b=c&d=%2F%20"] = "/a?b=c&d=%2F%20", ["/?a?b/c"] = "/?a?b/c", ["/a;p=1/b"] = "/a;p=1/b",
    ["/a:b@c!$&'()*+,="] = "/a:b@c!$&'()*+,=", ["/%e2%82%ac"] = "/%E2%82%AC", ["/%7Ea"] = "/~a",
    ["/a//b/"] = "/a//b/", ["/%2e%2e/x"] = 400, ["/a/./b/../c"] = "/a/c",
    ["http://gateway.test/abs?x"] = "/abs?x", ["http://gateway.test"] = "/",
  } do
    it(("target %s is judged and forwarded as %s"):format(target, forwarded), function()
      local r = g:get(target)
      if forwarded == 400 then return assert.equal(400, r.status) end
      assert.equal(200, r.status)
      assert.equal(forwarded, up:last().target)
    end)
  end

  it("OPTIONS * is for the gateway itself", function()
    local r = g:request("OPTIONS", "*")
    assert.equal(204, r.status)
    assert.matches("GET", r.headers["Allow"], 1, true)
  end)

  it("is told as HTTP/1.1 with the client's Host when preserveHost is on", function()
    g:get("/", { version = "1.0", host = "One.Example:81" })
    assert.equal(1, up:last().minor)
    assert.equal("One.Example:81", up:last().headers["Host"])
  end)
end)
