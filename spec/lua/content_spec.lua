-- SPDX-License-Identifier: Apache-2.0
-- req:read_body(), req:json() and req.body: a request's content in a handler.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"


-- What a request handler with this code answers to a request with that content.
local function run(code, content)
  return probe.run(code, { method = "POST", body = content })
end


describe("a request's content", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("is read", function()
    assert.equal("hello", run("return 200, (req:read_body())", "hello").body)
    assert.equal("\0\r\n\255", run("return 200, (req:read_body())", "\0\r\n\255").body)
    assert.equal("", run("return 200, (req:read_body())").body)
  end)

  it("is unknown before, and known afterwards", function()
    local out = run("local a = req.body req:read_body() return 200, { tostring(a), req.body, (req:read_body(1)) }",
      "hello")
    assert.same({ "nil", "hello", "hello" }, out:json())
    assert.equal("nil", run("return 200, tostring(req.body)").body)
  end)

  it("may be too large", function()
    local code = "local a, b = req:read_body(%s) return 200, { tostring(a), tostring(b), tostring(req.body) }"
    assert.same({ "nil", "too large", "nil" }, run(code:format("4"), "hello"):json())
    assert.same({ "hello", "nil", "hello" }, run(code:format("5"), "hello"):json())
    assert.same({ "nil", "too large", "nil" }, run(code:format("'1k'"), ("x"):rep(1025)):json())
    assert.same({ "nil", "too large", "nil" }, run(code:format(""), ("x"):rep(1048577)):json())
    assert.equal("too large", run("req:read_body(1) return 200, select(2, req:read_body())", "hello").body)
  end)

  it("is what the service gets, or what was put in its place", function()
    assert.equal("hello", run("req:read_body()", "hello"):sent().body)
    assert.equal("HELLO", run("req.body = req:read_body():upper()", "hello"):sent().body)
    assert.equal("", run("req:read_body() req.body = ''", "hello"):sent().body)
    assert.equal("made", run("req.body = 'made'"):sent().body)
    assert.equal("made", run("req.body = 'made' return 200, (req:read_body())").body)
  end)

  it("is read as JSON", function()
    assert.same({ a = { 1, "2" } }, run("return 200, req:json()", '{"a":[1,"2"]}'):json())
    assert.equal("true", run("return 200, tostring(req:json() == json.null)", "null").body)
    assert.equal("too large", run("return 200, select(2, req:json(2))", "[1,2]").body)
    for _, content in ipairs { "", "{", "[1,]", "nul", "1 2", "\255" } do
      local out = run("local value, why = req:json() return value == nil and 400 or 200, why", content)
      assert.equal(400, out.status, content)
      assert.truthy(#out.body > 3, content)
    end
  end)

  for code, why in pairs {
    ["req.body = 'x'"] = "req.body: the request has content of its own; req:read_body() comes first",
    ["req:read_body() req.body = 7"] = "req.body: expected a string, got a number",
    ["req:read_body() req.body = nil"] = "req.body: expected a string, got a nil",
    ["req:read_body('lots')"] = 'req:read_body: expected a size such as 4096, "64k" or "1m", got "lots" (string)',
    ["req:read_body(0)"] = "req:read_body: expected a size",
    ["req:read_body(1.5)"] = "req:read_body: expected a size",
    ["req:json({})"] = "expected a size",
    ["('%s'):format(setmetatable({}, { __tostring = function() return req:read_body() end }))"] =
      "cannot wait inside a function of C",
    ["req:readbody()"] = 'req has no field "readbody"; did you mean "read_body"?',
    ["req.read_body({})"] = "the request has ended",
  } do
    it("is told what is wrong with " .. code, function()
      local out = run(code, "hello")
      assert.equal(500, out.status)
      assert.truthy(out.failed:find(why, 1, true), out.failed)
    end)
  end

  for phase, where in pairs { response = "in response", log = "in log" } do
    it("cannot be read " .. where, function()
      local p = probe.handler(phase, "req.ctx.ok, req.ctx.why = pcall(req.read_body, req)")
      local out = gate.log(gate.response(p, { body = "x" }, {}))
      assert.is_false(out.req.ctx.ok)
      local why = ("req:read_body cannot be called %s: read it in request"):format(where)
      assert.truthy(out.req.ctx.why:find(why, 1, true))
    end)
  end

  it("cannot be replaced once the request is on its way", function()
    local p = probe.handler("response", "req.ctx.ok, req.ctx.why = pcall(function() req.body = 'x' end)")
    local out = gate.response(p, {}, {})
    assert.is_false(out.req.ctx.ok)
    assert.truthy(out.req.ctx.why:find("too late", 1, true))
  end)
end)


describe("the length of a request's content", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("is known, but for chunks", function()
    assert.equal("5", run("return 200, tostring(req.length)", "hello").body)
    assert.equal("0", run("return 200, tostring(req.length)").body)
    assert.equal("nil", probe.run("return 200, tostring(req.length)", { body = "hello", chunked = 1 }).body)
  end)

  it("can be limited", function()
    local code = "return 200, tostring(req:limit_body(%s))"
    assert.equal("true", run(code:format("5"), "hello").body)
    assert.equal("false", run(code:format("4"), "hello").body)
    assert.equal("true", probe.run(code:format("4"), { body = "hello", chunked = 1 }).body)
    assert.equal("true", run(code:format("'1k'")).body)
  end)

  it("is limited by the smallest limit, also for who reads it", function()
    assert.equal("false", run("req:limit_body(4) return 200, tostring(req:limit_body(9))", "hello").body)
    assert.equal("too large", run("req:limit_body(4) return 200, select(2, req:read_body(9))", "hello").body)
  end)

  it("is limited in request, to a size", function()
    for _, what in ipairs { "0", "-1", "'ten'", "nil", "1.5" } do
      assert.equal(500, run(("req:limit_body(%s)"):format(what), "hello").status, what)
    end
    assert.equal(500, gate.response(probe.handler("response", "req:limit_body(1)"), {}, { status = 200 }).status)
  end)
end)
