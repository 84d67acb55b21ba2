-- SPDX-License-Identifier: Apache-2.0
-- plugins/redirect.lua

local gate = require "lunette.spec"

describe("redirect", function()
  before_each(gate.reset)

  local function location(settings, request)
    local out = gate.request(gate.plugin("redirect", settings), request)
    return out.headers.Location, out.status
  end

  local function refuses(settings, message)
    assert.has_error(function() gate.plugin("redirect", settings) end, "redirect:\n  " .. message)
  end

  it("sends to a fixed place, keeping method and query", function()
    local to, status = location({ to = "/new" }, "GET /old?a=1&b=%20")
    assert.equal("/new?a=1&b=%20", to)
    assert.equal(307, status)
  end)

  it("joins the query to one that is there, or leaves it out", function()
    assert.equal("/new?x=y&a=1", (location({ to = "/new?x=y" }, "GET /old?a=1")))
    assert.equal("/new", (location({ to = "/new", query = false }, "GET /old?a=1")))
  end)

  it("puts names in, escaped for a URL", function()
    local to = location({ to = "https://example.com/u/{req.params.id}?next={req.args.next}", query = false },
      { path = "/x", query = "next=%2Fa%3Fb%26c", params = { id = "a/b c" } })
    assert.equal("https://example.com/u/a%2Fb%20c?next=%2Fa%3Fb%26c", to)
    assert.equal("/new/a/b%20c", (location({ to = "/new/{req.params.rest}" }, { params = { rest = "a/b c" } })))
    assert.equal("https://m.example.com/a%20b",
      (location({ to = "https://m.{req.host}{req.path}" }, { host = "example.com", path = "/a%20b" })))
  end)

  it("never sends to a host that the client has named", function()
    for rest, expected in pairs {
      ["/evil.test"] = "/evil.test", ["//evil.test"] = "/evil.test", ["\\evil.test"] = "/%5Cevil.test",
      [""] = "/",
    } do
      assert.equal(expected, (location({ to = "/{req.params.rest}" }, { params = { rest = rest } })), rest)
    end
    assert.equal("/evil.test", (location({ slash = "remove" }, { path = "//evil.test/" })))
    assert.equal("/evil/", (location({ slash = "add" }, { path = "//evil" })))
  end)

  it("cannot be made to break the head", function()
    local out = gate.request(gate.plugin("redirect", { to = "/{req.args.x}" }), { query = "x=a%0d%0aSet-Cookie:%20b" })
    assert.equal("/a%0D%0ASet-Cookie%3A%20b?x=a%0d%0aSet-Cookie:%20b", out.headers.Location)
    assert.is_nil(out.headers["Set-Cookie"])
  end)

  it("sends http to https, once", function()
    local https = { https = true, status = 308 }
    local to, status = location(https, { host = "example.com:8080", path = "/a", query = "b" })
    assert.equal("https://example.com/a?b", to)
    assert.equal(308, status)
    assert.equal("https://10.0.0.1/", (location(https, { host = "10.0.0.1" })))
    assert.equal("https://[::1]/", (location(https, { host = "[::1]:80" })))
    assert.is_nil((location(https, { host = "example.com", scheme = "https" })))
  end)

  it("does not know where to send without a host", function()
    local out = gate.request(gate.plugin("redirect", { https = true }), { host = "" })
    assert.equal(400, out.status)
    assert.equal("host_required", out.headers["X-Lunette-Reason"])
    assert.equal("https://a.test/", (location({ https = true, host = "a.test" }, { host = "" })))
  end)

  it("sends other hosts to the right one", function()
    local there = { host = "example.com", path = "/a" }
    assert.equal("http://www.example.com/a", (location({ host = "www.example.com" }, there)))
    assert.is_nil((location({ host = "www.example.com" }, { host = "www.example.com" })))
  end)

  it("adds and removes the slash at the end", function()
    assert.equal("/a/?x", (location({ slash = "add" }, "GET /a?x")))
    assert.is_nil((location({ slash = "add" }, "GET /a/")))
    assert.is_nil((location({ slash = "add" }, "GET /a/b.css")))
    assert.equal("/a.d/b/", (location({ slash = "add" }, "GET /a.d/b")))
    assert.equal("/a", (location({ slash = "remove" }, "GET /a/")))
    assert.equal("/a", (location({ slash = "remove" }, "GET /a//")))
    assert.is_nil((location({ slash = "remove" }, "GET /")))
    assert.is_nil((location({ slash = "remove" }, "GET /a")))
  end)

  it("says all of it in one answer", function()
    assert.equal("https://www.example.com/a/",
      (location({ https = true, host = "www.example.com", slash = "add" }, { host = "example.com", path = "/a" })))
  end)

  it("answers a route by itself", function()
    local out = gate.request(gate.chain { gate.plugin("redirect", { to = "/new" }) }, "GET /old")
    assert.equal(307, out.status)
    assert.equal("", out.body)
  end)

  it("explains wrong settings", function()
    refuses({}, "to: required, or one of https, host and slash")
    refuses({ to = "/a", https = true }, "to: cannot stand together with https, host or slash")
    refuses({ to = "/a", status = 200 }, "status: expected 301, 302, 303, 307 or 308, got 200")
    refuses({ slash = "ad" }, 'slash: expected one of "add" or "remove", got "ad" (string); did you mean "add"?')
    refuses({ to = "/{req.pth}" }, 'to: expected a template such as "{client.id}:{req.path}": '
      .. 'column 3: unknown name "req.pth"; did you mean "req.path"?')
  end)
end)
