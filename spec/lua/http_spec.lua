-- SPDX-License-Identifier: Apache-2.0
-- http.* of plugins: what goes out, what comes back, and which mistakes are whose.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("http", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("gives a reply", function()
    gate.http:on("GET http://auth/check", 203, "yes", { ["X-Who"] = "ann", ["Set-Cookie"] = { "a=1", "b=2" } })
    local out = probe.run [[
      local r = assert(http.get("http://auth/check"))
      local names = {}
      for name in r.headers:each() do names[#names + 1] = name end
      return r.status, r.body .. r.headers["x-who"] .. table.concat(r.headers:all("set-cookie"), "+")
        .. #names .. tostring(r.headers["None"])]]
    assert.same({ 203, "yesanna=1+b=23nil" }, { out.status, out.body })
  end)

  it("decodes JSON, or tells what is wrong with it", function()
    gate.http:on("GET http://a/good", 200, { user = "ann" })
    gate.http:on("GET http://a/bad", 200, "{")
    assert.equal("ann", probe.run("return 200, http.get('http://a/good'):json().user").body)
    local out = probe.run "local v, why = http.get('http://a/bad'):json() return 200, tostring(v) .. type(why)"
    assert.equal("nilstring", out.body)
  end)

  it("sends what it is told", function()
    gate.http:on("POST http://a/x?y=1", 200)
    probe.run [[http.post("http://a/x?y=1", { json = { n = 1 },
      headers = { ["X-N"] = 7, Accept = { "a/b", "c/d" } } })]]
    local call = gate.http.requests[1]
    assert.same({ "POST", "http://a/x?y=1", '{"n":1}', 7 },
      { call.method, call.url, call.body, tonumber(call.headers["x-n"]) })
  end)

  it("has every method", function()
    for _, name in ipairs { "get", "post", "put", "patch", "delete", "head", "options" } do
      gate.http:on(name:upper() .. " http://a/", 200, name)
      assert.equal(name, probe.run(("return 200, http.%s('http://a/').body"):format(name)).body)
    end
    gate.http:on("PURGE http://a/", 200, "purged")
    assert.equal("purged", probe.run("return 200, http.request { method = 'PURGE', url = 'http://a/' }.body").body)
  end)

  it("asks services by name", function()
    gate.http:on("GET users/me?x=1", 200, "me")
    assert.equal("me", probe.run("return 200, http.get { service = 'users', path = '/me?x=1' }.body").body)
    assert.equal("/me?x=1", gate.http.requests[1].path)
  end)

  it("gives failures as nil and a sentence", function()
    gate.http:on("GET http://down/*", nil, "connection refused")
    assert.equal("nil connection refused",
      probe.run("local r, err = http.get('http://down/x') return 200, tostring(r) .. ' ' .. err").body)
  end)

  local addresses = {
    ["https://a/"] = "https is not supported",
    ["ftp://a/"] = "expected a URL",
    ["a/b"] = "expected a URL",
    ["http://a/x y"] = "bytes that no URI may have",
    ["http://u:p@a/"] = "user information",
    ["http://a:99999/"] = "authority",
  }
  for url, why in pairs(addresses) do
    it("tells what is wrong with " .. url, function()
      local out = probe.run(("local r, err = http.get(%q) return 200, tostring(r) .. ' ' .. err"):format(url))
      assert.equal(200, out.status)
      assert.truthy(out.body:find(why, 1, true), out.body)
    end)
  end

  local mistakes = {
    ["http.get()"] = "expected a URL such as",
    ["http.get(7)"] = "expected a URL such as",
    ["http.get('http://a/', 7)"] = "expected a table of options",
    ["http.get('http://a/', { timeuot = 1 })"] = 'did you mean "timeout"?',
    ["http.get('http://a/', { timeout = 'soon' })"] = "timeout: expected a duration",
    ["http.get('http://a/', { timeout = 0 })"] = "timeout: expected a duration",
    ["http.get('http://a/', { max = -1 })"] = "max: expected a size",
    ["http.get('http://a/', { headers = { A = {{}} } })"] = "headers: expected names with strings",
    ["http.get('http://a/', { headers = { A = 'b\\r\\nC: d' } })"] = "without line breaks",
    ["http.get('http://a/', { headers = { ['A\\nB'] = 'b' } })"] = "a name of letters",
    ["http.get('http://a/', { headers = { Host = 'a b' } })"] = "header",
    ["http.post('http://a/', { body = 7 })"] = "body: expected a string",
    ["http.post('http://a/', { body = 'x', json = {} })"] = "both body and json",
    ["http.post('http://a/', { json = print })"] = "json: ",
    ["http.get('http://a/', { service = 'users' })"] = "both url and service",
    ["http.get('http://a/', { method = 'PUT' })"] = "method goes with http.request",
    ["http.request { method = 'A B', url = 'http://a/' }"] = "is not a method",
    ["http.request { method = 'CONNECT', url = 'http://a/' }"] = "is not a method",
    ["http.fetch('http://a/')"] = 'http has no "fetch"',
  }
  for call, why in pairs(mistakes) do
    it("raises at the plugin's line for " .. call, function()
      local out = probe.run(call)
      assert.equal(500, out.status)
      assert.truthy(out.failed:find("probe.lua:3: ", 1, true), out.failed)
      assert.truthy(out.failed:find(why, 1, true), out.failed)
    end)
  end

  it("is refused in init, with what to do instead", function()
    assert.has_error(function() probe.handler("request", "", { init = "http.get('http://a/')" }) end)
    local ok, why = pcall(probe.handler, "request", "", { init = "http.get('http://a/')", name = "other" })
    assert.is_false(ok)
    assert.truthy(why:find("http cannot be called in init", 1, true), why)
  end)

  it("works in response, body and log handlers", function()
    gate.http:on("GET http://a/", 200, "hi")
    local out = gate.response(probe.handler("response", "res.headers['X-Got'] = http.get('http://a/').body"), {}, {})
    assert.equal("hi", out.headers["X-Got"])
    out = gate.response(probe.handler("body", "", { name = "b" }), {}, { chunks = { "x" } })
    assert.equal("x", out.body)
    gate.log(gate.response(probe.handler("log", "req.ctx.got = http.get('http://a/').body", { name = "c" }), {}, {}))
    assert.equal(2, #gate.http.requests)
  end)

  it("tells a spec about a request that it did not expect", function()
    local out = probe.run "http.get('http://nobody/')"
    assert.equal(500, out.status)
    assert.truthy(out.failed:find('the spec has no answer for "GET http://nobody/"', 1, true), out.failed)
  end)

  it("lets a spec compute answers", function()
    gate.http:on("POST http://a/*", function(request)
      return 201, { was = request.json().n + 1 }, { ["X-A"] = request.url }
    end)
    local out = probe.run [[local r = http.post('http://a/b', { json = { n = 1 } })
      return r.status, r.body .. r.headers['X-A'] ]]
    assert.same({ 201, '{"was":2}http://a/b' }, { out.status, out.body })
  end)

  it("forgets answers with gate.reset()", function()
    gate.http:on("GET http://a/", 200)
    gate.reset()
    assert.equal(500, gate.request(function() error("x") end).status)
    assert.equal(0, #gate.http.requests)
  end)

  it("cannot have its replies changed", function()
    gate.http:on("GET http://a/", 200)
    assert.equal(500, probe.run("http.get('http://a/').headers['X'] = 'y'").status)
  end)
end)
