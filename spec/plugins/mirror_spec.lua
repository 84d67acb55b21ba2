-- SPDX-License-Identifier: Apache-2.0
-- plugins/mirror.lua: what is copied, and what is not. That clients do not notice is in spec/e2e/41-shipped.

local gate = require "lunette.spec"

describe("mirror", function()
  before_each(function()
    gate.reset()
    gate.request(gate.plugin("headers", {}), { service = "shadow" }) -- from here on there is such a service
    for _, method in ipairs { "GET", "POST", "DELETE" } do gate.http:on(method .. " *", 200, "thrown away") end
  end)

  local function run(plugin, request, response)
    local out = gate.request(plugin, request)
    if not out.status then gate.response(plugin, out, response or { status = 200 }) end
    gate.log(out)
    return out
  end

  local function with(settings, request, response)
    if not settings.url then settings.service = "shadow" end
    run(gate.plugin("mirror", settings), request or {}, response)
    return gate.http.requests
  end

  -- Several of one name stand in one text.
  local function headers_of(copy)
    local headers = {}
    for _, pair in ipairs(copy.all) do
      local before = headers[pair[1]]
      headers[pair[1]] = before and before .. ", " .. pair[2] or pair[2]
    end
    return headers
  end

  local function counted(result)
    return gate.metrics(('mirror_requests_total{route="spec",result="%s"}'):format(result)) or 0
  end

  it("sends a copy to a service", function()
    local copies = with({}, {
      path = "/a%20b", query = "x=1&y=%2F", id = "r1",
      headers = { Accept = { "a/b", "c/d" }, ["User-Agent"] = "me", Cookie = "secret=1", Authorization = "Bearer x" },
    })
    assert.equal(1, #copies)
    assert.equal("GET shadow/a%20b?x=1&y=%2F", copies[1].name)
    assert.same({ Accept = "a/b, c/d", ["User-Agent"] = "me", ["X-Request-Id"] = "r1", ["X-Shadow"] = "1" },
      headers_of(copies[1]))
    assert.equal(5, copies[1].timeout)
    assert.equal(1, counted("sent"))
  end)

  it("sends it to an address, below its path", function()
    assert.equal("GET http://shadow:81/base/a?b=c",
      with({ url = "http://shadow:81/base/", timeout = "1s" }, "GET /a?b=c")[1].name)
    assert.equal(1, gate.http.requests[1].timeout)
  end)

  it("copies the headers that are chosen", function()
    local request = { headers = { Cookie = "a=1", Accept = "a/b", ["X-Forwarded-For"] = "10.0.0.9", Host = "here" } }
    local copy = with({ headers = { "cookie", "X-None" }, mark = "X-Copy" }, request)[1]
    assert.same({ cookie = "a=1", ["X-Request-Id"] = "req-1", ["X-Copy"] = "1" }, headers_of(copy))
    copy = with({ headers = { "*" } }, request)[2]
    assert.same({ cookie = "a=1", accept = "a/b", ["X-Request-Id"] = "req-1", ["X-Shadow"] = "1" },
      headers_of(copy))
  end)

  it("has the request as it is where the plugin stands", function()
    local chain = gate.chain {
      function(req) req.path, req.headers["Accept"] = "/above", "above" end,
      gate.plugin("mirror", { service = "shadow" }),
      function(req) req.path, req.headers["Accept"] = "/below", "below" end,
    }
    run(chain, "DELETE /x")
    assert.equal("DELETE shadow/above", gate.http.requests[1].name)
    assert.equal("above", gate.http.requests[1].headers["Accept"])
  end)

  it("copies no copy, no upgrade, and nothing that never came to the service", function()
    with({}, { headers = { ["X-Shadow"] = "1" } })
    with({ mark = "X-Copy" }, { headers = { ["x-copy"] = "no" } })
    with({}, { headers = { Upgrade = "websocket", Connection = "Upgrade" } })
    with({}, {}, { status = 403, origin = "plugin" })
    assert.same({}, gate.http.requests)
    with({}, {}, { status = 502, origin = "gateway" })
    with({ mark = "X-Copy" }, { headers = { ["X-Shadow"] = "1" } })
    assert.equal(2, #gate.http.requests)
  end)

  -- Of 2,000 requests a share has a spread of at most 22.4: six of those either way.
  for share, expected in pairs { [0] = { 0, 0 }, [2.5] = { 5, 95 }, [50] = { 866, 1134 }, [100] = { 2000, 2000 } } do
    it(("copies %s %% of the requests"):format(share), function()
      local plugin = gate.plugin("mirror", { service = "shadow", share = share })
      for _ = 1, 2000 do run(plugin, {}) end
      local n = #gate.http.requests
      assert.is_true(n >= expected[1] and n <= expected[2], tostring(n))
    end)
  end

  describe("the content", function()
    local function post(n)
      local headers = { ["Content-Type"] = "text/plain", ["Content-Length"] = n }
      return { method = "POST", headers = headers, body = ("x"):rep(n) }
    end

    it("goes along when somebody has read it", function()
      run(gate.chain { function(req) req:read_body() end, gate.plugin("mirror", { service = "shadow" }) }, post(5))
      run(gate.chain { gate.plugin("mirror", { service = "shadow" }), function(req) req:read_body() end }, post(6))
      assert.equal("xxxxx", gate.http.requests[1].body)
      assert.equal("xxxxxx", gate.http.requests[2].body)
      assert.equal("text/plain", gate.http.requests[2].headers["content-type"])
    end)

    it("is read when that is wanted", function()
      assert.equal("xxxxx", with({ read = true }, post(5))[1].body)
    end)

    it("keeps a copy back that would have none, or too much", function()
      with({}, post(5))
      with({ read = true, content = 4 }, post(5))
      run(gate.chain { function(req) req:read_body() end, gate.plugin("mirror", { service = "shadow", content = 4 }) },
        post(5))
      assert.same({}, gate.http.requests)
      assert.equal(3, counted("skipped"))
      assert.equal(1, #with({ read = true, content = 5 }, post(5)))
      assert.is_nil(with({}, {})[2].body)
    end)
  end)

  it("bounds what is under way", function()
    local chain = gate.chain { gate.plugin("mirror", { service = "shadow", most = 1 }) }
    local second = gate.request(chain, {})
    gate.response(chain, second, { status = 200 })
    gate.http:on("GET shadow/first", function()
      gate.log(second)
      return 200
    end)
    run(chain, "GET /first")
    assert.equal(1, #gate.http.requests)
    assert.same({ 1, 1 }, { counted("sent"), counted("dropped") })
    run(chain, {})
    assert.equal(2, counted("sent"))
  end)

  it("survives whatever happens to a copy", function()
    gate.http:on("GET shadow/down", nil, "connection refused")
    gate.http:on("GET shadow/bad", function() error("no answer at all") end)
    local chain = gate.chain { gate.plugin("mirror", { service = "shadow", most = 1 }) }
    for _, path in ipairs { "/down", "/bad", "/well" } do assert.is_nil(run(chain, "GET " .. path).failed) end
    assert.same({ 1, 2 }, { counted("sent"), counted("failed") })
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("mirror", settings) end, "mirror:\n  " .. message)
    end
    refuses({}, "service: required, or url, and not both")
    refuses({ service = "shadow", url = "http://a" }, "service: required, or url, and not both")
    refuses({ service = "shadwo" }, 'service: no service "shadwo"; did you mean "shadow"?')
    refuses({ url = "https://a" }, "url: expected a URL that begins with http://: this version has no TLS")
    refuses({ url = "http://usr:pw@a" }, "url: a name and a password in it cannot be sent")
    refuses({ url = "http://a/?b" }, "url: expected one without a query")
    refuses({ url = "http://a", share = -1 }, "share: expected a number from 0 to 100, got -1 (number)")
    refuses({ url = "http://a", mots = 1 }, 'mots: unknown setting; did you mean "most"?')
  end)
end)
