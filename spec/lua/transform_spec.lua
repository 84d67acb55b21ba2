-- SPDX-License-Identifier: Apache-2.0
-- What plugins that change content ask and say: res:transforms, headers:has and merge, req:accepts_coding; and req:refuse.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"


local function decided(headers, options)
  options = options or {}
  local p = probe.handler("response",
    ("res.headers['X-May'] = tostring(res:transforms(%s))"):format(options.types or "nil"))
  return gate.response(p, { method = options.method }, { status = options.status or 200, headers = headers })
end


local function may(headers, options)
  return decided(headers, options).headers["X-May"] == "true"
end


describe("res:transforms", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("lets plain content be changed", function()
    assert.is_true(may {})
    assert.is_true(may { ["Content-Encoding"] = "identity" })
    assert.is_true(may({}, { method = "HEAD" }))
    assert.is_true(may({}, { status = 404 }))
  end)

  it("leaves parts, encoded content and what is not to be changed alone", function()
    assert.is_false(may { ["Content-Encoding"] = "gzip" })
    assert.is_false(may { ["Content-Range"] = "bytes 0-1/2" })
    assert.is_false(may { ["Cache-Control"] = "max-age=1, No-Transform" })
    for _, status in ipairs { 204, 205, 206, 304 } do assert.is_false(may({}, { status = status }), status) end
  end)

  it("knows content types", function()
    local types = '{ "text/html", "Image/*", "application/*+json" }'
    for _, kind in ipairs { "text/html", "TEXT/HTML; charset=utf-8", "image/png", "application/problem+json" } do
      assert.is_true(may({ ["Content-Type"] = kind }, { types = types }), kind)
    end
    for _, kind in ipairs { "text/htmlx", "text/plain", "imagex/png", "application/json", "", "text", "+json" } do
      assert.is_false(may({ ["Content-Type"] = kind }, { types = types }), kind)
    end
    assert.is_false(may({}, { types = types }))
    assert.is_true(may({ ["Content-Type"] = "a/b" }, { types = '{ "*/*" }' }))
  end)

  it("makes the head fit", function()
    local h = decided {
      ["Content-Length"] = "5", ["Content-MD5"] = "x", ["Content-Digest"] = "x", ["Accept-Ranges"] = "bytes",
      ETag = '"a"',
      ["Last-Modified"] = "Mon, 01 Jan 2024 00:00:00 GMT",
    }.headers
    for _, name in ipairs { "Content-Length", "Content-MD5", "Content-Digest", "Accept-Ranges" } do
      assert.is_nil(h[name], name)
    end
    assert.equal('W/"a"', h.ETag)
    assert.truthy(h["Last-Modified"])
    assert.equal('W/"a"', decided({ ETag = 'W/"a"' }).headers.ETag)
  end)

  it("leaves the head of what is not changed alone", function()
    local h = decided({ ETag = '"a"', ["Accept-Ranges"] = "bytes" }, { status = 304 }).headers
    assert.equal('"a"', h.ETag)
    assert.equal("bytes", h["Accept-Ranges"])
  end)

  it("shows no chunk to a plugin that must not change it", function()
    local p = probe.plugin("probe", [[
local p = plugin "probe" { version = "1.0.0", api = 1 }
function p:response(req, res) res:transforms { "text/html" } end
function p:body(req, res, chunk) chunk:set("changed") end
return p
]])
    local function body(kind)
      local headers = { ["Content-Type"] = kind }
      return gate.response(p, {}, { status = 200, headers = headers, chunks = { "as it was" } }).body
    end
    assert.equal("as it was", body "text/plain")
    assert.truthy(body("text/html"):find("changed", 1, true))
  end)

  it("is for response handlers, and takes a list", function()
    assert.equal(500, probe.run("res:transforms()").status)
    assert.equal(500, gate.response(probe.handler("response", "res:transforms('text/html')"), {}, {}).status)
  end)
end)


describe("headers", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("know whether a word is in a list", function()
    local out = probe.run([[
local h = req.headers
return 200, json.array { h:has("Accept", "text/html"), h:has("accept", "TEXT/Plain"), h:has("Accept", "text"),
  h:has("Accept", "b"), h:has("None", "x") }
]], { headers = { { "Accept", "text/html;q=0.5 , text/plain" }, { "Accept", "a, b" } } })
    assert.same({ true, true, false, true, false }, out:json())
  end)

  it("take a word that is not there yet", function()
    local function vary(values)
      local headers = {}
      for i, value in ipairs(values) do headers[i] = { "Vary", value } end
      local out = gate.response(probe.handler("response", "res.headers:merge('Vary', 'Origin')"), {},
        { status = 200, headers = headers })
      local list = {}
      for _, pair in ipairs(out.all) do
        if pair[1] == "Vary" then list[#list + 1] = pair[2] end
      end
      return list
    end
    assert.same({ "Origin" }, vary {})
    assert.same({ "Accept", "Origin" }, vary { "Accept" })
    assert.same({ "Accept, origin" }, vary { "Accept, origin" })
    assert.same({ "*" }, vary { "*" })
  end)

  it("take it before there is a response, too", function()
    local p = probe.handler("request",
      "res.headers:merge('Vary', 'A') res.headers:merge('Vary', 'a') res.headers:merge('Vary', 'B')")
    assert.same({ { "Vary", "A" }, { "Vary", "B" } }, gate.response(p, {}, { status = 200 }).all)
  end)

  it("refuse what is no word", function()
    assert.equal(500, probe.run("res.headers:merge('Vary', 5)").status)
    assert.equal(500, probe.run("res.headers:merge('Vary', 'a\\nb')").status)
    assert.equal(500, probe.run("req.headers:has(nil, 'x')").status)
  end)
end)


describe("a request", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("says which coding it would rather have", function()
    local function takes(value)
      local request = { headers = { ["Accept-Encoding"] = value } }
      return probe.run("return 200, tostring(req:accepts_coding('gzip'))", request).body
    end
    assert.equal("true", takes("deflate, gzip"))
    assert.equal("true", takes { "deflate", "gzip" })
    assert.equal("false", takes("gzip;q=0"))
    assert.equal("false", takes(nil))
    assert.equal(500, probe.run("req:accepts_coding()").status)
  end)

  it("is refused in the gateway's own form", function()
    local out = probe.run("return req:refuse(403, 'not_here', 'Not from here', { ['Retry-After'] = 5 })")
    assert.equal(403, out.status)
    assert.same({ error = "Not from here", code = "not_here", request_id = "req-1" }, out:json())
    assert.equal("not_here", out.headers["X-Lunette-Reason"])
    assert.equal("5", out.headers["Retry-After"])
    assert.equal("application/json", out.headers["Content-Type"])
  end)

  it("is refused with headers that say otherwise, and with any text", function()
    local out = probe.run([[return req:refuse(403, 'not_here', 'say "no"\\\n\195\164\255', {
      ["x-other"] = { "a", "b" }, ["X-Lunette-Reason"] = "mine", ["content-type"] = "application/problem+json" })]])
    assert.same({ error = 'say "no"\\\n\195\164\239\191\189', code = "not_here", request_id = "req-1" }, out:json())
    local found = {}
    for _, pair in ipairs(out.all) do found[#found + 1] = pair[1]:lower() .. ": " .. pair[2] end
    table.sort(found)
    assert.same({
      "content-type: application/problem+json", "x-lunette-reason: mine", "x-other: a", "x-other: b",
    }, found)
  end)

  it("is refused only with a code and a sentence that can be told", function()
    for call, why in pairs {
      ["req:refuse(403, 'a')"] = "req:refuse: expected a code and a sentence, got \"a\" (string) and a nil",
      ["req:refuse(403, 1, 'a')"] = "req:refuse: expected a code and a sentence, got 1 (number) and \"a\" (string)",
      ["req:refuse(403, 'a\\nb', 'c')"] = "not a header: \"X-Lunette-Reason\"",
      ["req:refuse(403, 'a', ('x'):rep(70000))"] = "more than is held of one request",
      ["req:refuse(42, 'a', 'b')"] = "returned 42 (number) where a status from 200 to 599 was expected",
    } do
      local out = probe.run("return " .. call)
      assert.equal(500, out.status, call)
      assert.matches(why, gate.logged()[1].text, 1, true)
      probe.reset()
    end
  end)

  it("is refused with what stays as it is", function()
    local out = probe.run [[
      local status, body = req:refuse(403, 'a', 'b')
      local ok, why = pcall(function() body.more = 1 end)
      return 200, tostring(ok) .. " " .. tostring(why)
    ]]
    assert.matches("^false .*what req:refuse gives cannot be changed: return a table of your own$", out.body)
  end)
end)
