-- SPDX-License-Identifier: Apache-2.0
-- What a plugin reads from the request, and what it can change in it.

local gate = require "lunette.spec"

describe("req", function()
  before_each(gate.reset)

  -- What `read(req)` gives for a request.
  local function get(read, request)
    local value
    gate.request(function(req) value = read(req) end, request)
    return value
  end

  local function field(name, request)
    return get(function(req) return req[name] end, request)
  end

  it("has the request line", function()
    assert.equal("POST", field("method", { method = "POST" }))
    assert.equal("/a/b", field("path", "GET /a/b?x=1"))
    assert.equal("x=1", field("query", "GET /a/b?x=1"))
    assert.is_nil(field("query", "GET /a/b"))
  end)

  it("has host, scheme and version", function()
    assert.equal("shop.example", field("host", { host = "shop.example" }))
    assert.equal("http", field("scheme"))
    assert.equal("1.1", field("version"))
  end)

  it("has its id, listener and port", function()
    assert.equal("r-7", field("id", { id = "r-7" }))
    assert.equal("inner", field("listener", { listener = "inner" }))
    assert.equal(8085, field("port", { port = 8085 }))
  end)

  it("knows when it started", function()
    assert.near(gate.clock:now(), field("started"), 1)
  end)

  it("has the parameters of its route", function()
    local params = { id = "7", rest = "x/y" }
    assert.equal("7", get(function(req) return req.params.id end, { params = params }))
    assert.equal("x/y", get(function(req) return req.params.rest end, { params = params }))
    assert.is_nil(get(function(req) return req.params.none end, { params = params }))
  end)

  it("has a priority that can be changed", function()
    assert.is_nil(field("priority"))
    gate.request(function(req)
      for _, word in ipairs { "low", "normal", "high" } do
        req.priority = word
        assert.equal(word, req.priority)
      end
      req.priority = nil
      assert.is_nil(req.priority)
      for _, wrong in ipairs { "hgih", 3, true } do
        local ok, why = pcall(function() req.priority = wrong end)
        assert.is_false(ok)
        assert.truthy(why:find("req.priority: expected low, normal or high, got", 1, true), why)
      end
      assert.is_nil(req.priority)
    end)
  end)

  it("names the service that it goes to", function()
    assert.is_nil(field("upstream"))
  end)

  describe("args", function()
    local function arg(name, query) return get(function(req) return req.args[name] end, "GET /?" .. query) end

    it("are decoded", function()
      assert.equal("a b&c", arg("q", "q=a%20b%26c"))
      assert.equal("a b", arg("q", "q=a+b"))
    end)

    it("have decoded names", function() assert.equal("1", arg("a b", "a%20b=1")) end)
    it("give the first of several", function() assert.equal("1", arg("a", "a=1&a=2")) end)
    it("are empty without a sign of equality", function() assert.equal("", arg("a", "a&b=1")) end)
    it("are nil when they are not there", function() assert.is_nil(arg("c", "a=1")) end)

    it("can be set", function()
      local out = gate.request(function(req) req.args.page = "a b" end, "GET /?x=1")
      assert.equal("a b", out.req.args.page)
      assert.equal("1", out.req.args.x)
      assert.truthy(out:sent().query:find("page=a%%20b") or out:sent().query:find("page=a%+b"))
    end)

    it("can be removed", function()
      local out = gate.request(function(req) req.args.x = nil end, "GET /?x=1&y=2")
      assert.equal("y=2", out:sent().query)
    end)
  end)

  describe("cookies", function()
    local function cookie(name, header)
      return get(function(req) return req.cookies[name] end, { headers = { Cookie = header } })
    end

    it("are read by name", function()
      assert.equal("2", cookie("b", "a=1; b=2"))
      assert.is_nil(cookie("c", "a=1; b=2"))
    end)

    it("may contain a sign of equality", function() assert.equal("x=y", cookie("a", "a=x=y; b=2")) end)
    it("have names that know case", function() assert.is_nil(cookie("A", "a=1")) end)

    it("are nil without the header", function()
      assert.is_nil(get(function(req) return req.cookies.a end))
    end)
  end)

  describe("changes", function()
    local function sent(change, request) return gate.request(change, request):sent() end

    it("of the method reach the service", function()
      assert.equal("PUT", sent(function(req) req.method = "PUT" end).method)
    end)

    it("of path and query reach the service", function()
      local got = sent(function(req) req.path, req.query = "/b", "y=2" end, "GET /a?x=1")
      assert.equal("/b", got.path)
      assert.equal("y=2", got.query)
    end)

    it("of the host reach the service", function()
      assert.equal("b.example", sent(function(req) req.host = "b.example" end).host)
    end)

    it("that would break the request line are refused", function()
      local bad = {
        function(req) req.method = "GE T" end,
        function(req) req.method = "" end,
        function(req) req.path = "no-slash" end,
        function(req) req.path = "/a b\r\nX: y" end,
        function(req) req.host = "a\r\nX: y" end,
        function(req) req.query = "a b\n" end,
      }
      for i, change in ipairs(bad) do
        assert.equal(500, gate.request(change).status, "case " .. i)
      end
      assert.is_nil(gate.request(function(req) req.path = "/fine" end).status)
    end)

    it("of what is not settable are refused", function()
      for _, name in ipairs { "scheme", "route", "port", "params", "headers", "started" } do
        assert.equal(500, gate.request(function(req) req[name] = "x" end).status, name)
      end
    end)

    it("of what does not exist are refused", function()
      assert.equal(500, gate.request(function(req) req.user = "x" end).status)
    end)
  end)

  it("refuses to read what does not exist", function()
    assert.equal(500, gate.request(function(req) return 200, req.hedaers end).status)
  end)

  it("keeps what plugins leave in ctx", function()
    local seen
    gate.request(gate.chain {
      function(req) req.ctx.user = { name = "ada" } end,
      function(req) seen = req.ctx.user.name end,
    })
    assert.equal("ada", seen)
  end)

  it("is an error once it has ended", function()
    local kept
    gate.request(function(req) kept = req end)
    gate.reset()
    gate.request(function() end)
    assert.has_error(function() return kept.path end)
  end)
end)


describe("req.client", function()
  before_each(gate.reset)

  it("has address, peer and port", function()
    local seen = {}
    gate.request(function(req)
      local c = req.client
      seen.ip, seen.peer, seen.port = c.ip, c.peer, c.port
    end, { ip = "192.0.2.1", peer = "10.0.0.9", peer_port = 4711 })
    assert.same({ ip = "192.0.2.1", peer = "10.0.0.9", port = 4711 }, seen)
  end)

  it("is identified by its address at first", function()
    local out = gate.request(function(req) return 200, req.client.id end, { ip = "192.0.2.1" })
    assert.equal("192.0.2.1", out.body)
  end)

  it("can be given an identity", function()
    local out = gate.request(gate.chain {
      function(req) req.client.id = "ada" end,
      function(req) return 200, req.client.id end,
    })
    assert.equal("ada", out.body)
  end)

  it("keeps its address", function()
    assert.equal(500, gate.request(function(req) req.client.ip = "10.9.9.9" end).status)
  end)
end)
