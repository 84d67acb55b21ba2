-- SPDX-License-Identifier: Apache-2.0
-- plugins/cors.lua; sections are of the Fetch standard.

local files = require "spec.helpers.files"
local gate = require "lunette.spec"

local A, B = "https://a.example", "https://b.example"

describe("cors", function()
  before_each(gate.reset)
  after_each(files.clean)

  local function settings(more)
    local all = { origins = { A, "https://*.example.org" } }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function preflight(conf, origin, more)
    local headers = { Origin = origin, ["Access-Control-Request-Method"] = "PUT" }
    for name, value in pairs(more or {}) do headers[name] = value end
    return gate.request(gate.plugin("cors", conf), { method = "OPTIONS", headers = headers })
  end

  local function simple(conf, origin, response)
    return gate.response(gate.plugin("cors", conf), { headers = { Origin = origin } }, response or { status = 200 })
  end

  describe("preflight (4.8, 4.9)", function()
    it("is answered with what may be done", function()
      local out = preflight(settings { methods = { "GET", "PUT" }, headers = { "X-A", "X-B" }, max_age = "1h" }, A)
      assert.equal(204, out.status)
      assert.equal(A, out.headers["Access-Control-Allow-Origin"])
      assert.equal("GET, PUT", out.headers["Access-Control-Allow-Methods"])
      assert.equal("X-A, X-B", out.headers["Access-Control-Allow-Headers"])
      assert.equal("3600", out.headers["Access-Control-Max-Age"])
      assert.is_nil(out.headers["Access-Control-Allow-Credentials"])
      assert.equal("Origin, Access-Control-Request-Method, Access-Control-Request-Headers", out.headers.Vary)
    end)

    it("allows the headers that the page asks for, unless they are named", function()
      local out = preflight(settings(), A, { ["Access-Control-Request-Headers"] = "x-one,x-two" })
      assert.equal("x-one,x-two", out.headers["Access-Control-Allow-Headers"])
      assert.is_nil(preflight(settings(), A).headers["Access-Control-Allow-Headers"])
    end)

    it("is refused to other origins", function()
      local out = preflight(settings(), B)
      assert.equal(403, out.status)
      assert.is_nil(out.headers["Access-Control-Allow-Origin"])
      assert.truthy(out.headers.Vary:find("Origin", 1, true))
    end)

    it("knows credentials", function()
      assert.equal("true", preflight(settings { credentials = true }, A).headers["Access-Control-Allow-Credentials"])
    end)

    it("knows private networks where that is wanted", function()
      local ask = { ["Access-Control-Request-Private-Network"] = "true" }
      local name = "Access-Control-Allow-Private-Network"
      assert.equal("true", preflight(settings { private_network = true }, A, ask).headers[name])
      assert.is_nil(preflight(settings { private_network = true }, A).headers[name])
      assert.is_nil(preflight(settings(), A, ask).headers[name])
    end)

    it("is what asks for a method; other OPTIONS requests go on", function()
      local p = gate.plugin("cors", settings())
      assert.is_nil(gate.request(p, { method = "OPTIONS", headers = { Origin = A } }).status)
      assert.is_nil(gate.request(p, { method = "OPTIONS" }).status)
      assert.is_nil(gate.request(p,
        { method = "GET", headers = { Origin = A, ["Access-Control-Request-Method"] = "PUT" } }).status)
    end)
  end)

  describe("other requests (4.10)", function()
    it("get the origin back", function()
      local h = simple(settings { exposed = { "X-Total", "ETag" }, credentials = true }, A).headers
      assert.equal(A, h["Access-Control-Allow-Origin"])
      assert.equal("true", h["Access-Control-Allow-Credentials"])
      assert.equal("X-Total, ETag", h["Access-Control-Expose-Headers"])
      assert.equal("Origin", h.Vary)
    end)

    it("get nothing for other origins, and caches are told why", function()
      for _, origin in ipairs {
        B, "null", "https://a.example.evil.test", "http://a.example", "https://a.example:444",
      } do
        local h = simple(settings(), origin).headers
        assert.is_nil(h["Access-Control-Allow-Origin"], origin)
        assert.equal("Origin", h.Vary)
      end
      assert.equal("Origin", simple(settings(), nil).headers.Vary)
    end)

    it("get a star where everybody may, and no Vary", function()
      local h = simple({ origins = { "*" } }, B).headers
      assert.equal("*", h["Access-Control-Allow-Origin"])
      assert.is_nil(h.Vary)
      assert.is_nil(simple({ origins = { "*" } }, nil).headers["Access-Control-Allow-Origin"])
    end)

    it("have subdomains of any depth for a star, and nothing else", function()
      for _, origin in ipairs { "https://x.example.org", "https://x.y-z.example.org" } do
        assert.equal(origin, simple(settings(), origin).headers["Access-Control-Allow-Origin"])
      end
      for _, origin in ipairs {
        "https://example.org", "http://x.example.org", "https://x.example.org:8443", "https://xexample.org",
        "https://evil.test/.example.org", "https://evil.test?.example.org", "https://.example.org",
        "https://x.example.org.evil.test",
      } do
        assert.is_nil(simple(settings(), origin).headers["Access-Control-Allow-Origin"], origin)
      end
    end)

    it("do not keep what the service says beside it", function()
      local response = { status = 200, headers = {
        { "Access-Control-Allow-Origin", "*" }, { "Access-Control-Allow-Credentials", "true" }, { "Vary", "Accept" },
      } }
      local out = simple(settings(), A, response)
      local seen = {}
      for _, pair in ipairs(out.all) do seen[#seen + 1] = pair[1] .. ": " .. pair[2] end
      table.sort(seen)
      assert.same({ "Access-Control-Allow-Origin: " .. A, "Vary: Accept", "Vary: Origin" }, seen)
      assert.is_nil(simple(settings(), B, response).headers["Access-Control-Allow-Origin"])
    end)

    it("have it on errors and on the answers of the plugins below", function()
      local failed = simple(settings(), A, { status = 502, origin = "gateway" })
      assert.equal(A, failed.headers["Access-Control-Allow-Origin"])
      local limit = gate.plugin("rate-limit", { rate = "1/h", burst = 1 })
      local chain = gate.chain { gate.plugin("cors", settings()), limit }
      gate.request(chain, { headers = { Origin = A } })
      local out = gate.request(chain, { headers = { Origin = A } })
      assert.equal(429, out.status)
      assert.equal(A, out.headers["Access-Control-Allow-Origin"])
    end)

    it("may come from ten thousand origins", function()
      local p = gate.plugin("cors", settings())
      for i = 1, 10000 do
        local origin = ("https://h%d.example.%s"):format(i, i % 2 == 0 and "org" or "net")
        local h = gate.response(p, { headers = { Origin = origin } }, { status = 200 }).headers
        assert.equal(i % 2 == 0 and origin or nil, h["Access-Control-Allow-Origin"])
        if i % 1000 == 0 then collectgarbage() end
      end
    end)
  end)

  describe("on a route for other methods", function()
    local function routes(text) return gate.routes(files.write("routes.lua", text)) end
    local ASK = { headers = { Origin = A, ["Access-Control-Request-Method"] = "PUT" } }

    it("sees preflights all the same", function()
      local r = routes([[
get "/a/:id" { use "cors" { origins = { "https://a.example" } }, function() return 200 end }
post "/a/:name" { use "cors" { origins = { "https://a.example" } }, function() return 200 end }
any "/b" { use "cors" { origins = { "https://a.example" } }, function() return 200 end }
get "/c" { function() return 200 end }
]])
      assert.equal(204, r:request("OPTIONS /a/7", ASK).status)
      local out = r:request("OPTIONS /a/7")
      assert.equal(204, out.status)
      assert.equal("GET, POST, HEAD, OPTIONS", out.headers.Allow)
      assert.equal(204, r:request("OPTIONS /b", ASK).status)
      assert.is_nil(r:match("OPTIONS /c"))
    end)

    it("leaves a route for OPTIONS alone", function()
      local r = routes([[
get "/a" { use "cors" { origins = { "https://a.example" } }, function() return 200 end }
options "/a" { function() return 200, "mine" end }
]])
      assert.equal("mine", r:request("OPTIONS /a").body)
    end)
  end)

  describe("settings", function()
    local function refuses(conf, message)
      assert.has_error(function() gate.plugin("cors", conf) end, message)
    end
    local form = 'expected "*", or an origin such as "https://example.com" or "https://*.example.com", got '

    it("that are wrong are explained", function()
      refuses({}, "cors:\n  origins: required: expected a list of at least 1 item")
      refuses({ origins = {} }, "cors:\n  origins: expected a list of at least 1 item, got a table")
      refuses({ origins = { "*" }, credentials = true }, "cors:\n  credentials: "
        .. 'with the origin "*" every site could act as its visitors; name the origins')
      for _, bad in ipairs {
        "https://a.example/", "a.example", "null", "https://A.example", "https://", "https://u@a.example",
      } do
        refuses({ origins = { A, bad } }, ('cors: origins[2]: %s"%s"'):format(form, bad))
      end
      for _, bad in ipairs { "https://a.*.example", "https://*", "https://*example.com", "https://*.*.example" } do
        refuses({ origins = { bad } }, "cors: origins[1]: a star stands for the names in front of a domain, "
          .. ('as in "https://*.example.com", got "%s"'):format(bad))
      end
    end)
  end)
end)
