-- SPDX-License-Identifier: Apache-2.0
-- In which order the handlers of a route run, and who sees an early answer.

local gate = require "lunette.spec"

describe("a chain", function()
  before_each(function()
    gate.reset()
    gate.plugins("spec/fixtures/plugins")
  end)

  local function mark(as, settings)
    settings = settings or {}
    settings.as = as
    return gate.plugin("mark", settings)
  end

  local function trace(out) return out.req.ctx.trace end

  it("runs request handlers from top to bottom", function()
    local out = gate.request(gate.chain { mark "a", mark "b", mark "c" })
    assert.equal("request:a request:b request:c ", trace(out))
    assert.is_nil(out.status)
  end)

  it("runs response handlers from bottom to top", function()
    local out = gate.response(gate.chain { mark "a", mark "b" }, {}, { status = 200 })
    assert.equal("request:a request:b response:b response:a ", trace(out))
  end)

  it("runs log handlers from bottom to top", function()
    local out = gate.log(gate.response(gate.chain { mark "a", mark "b" }, {}, { status = 200 }))
    assert.truthy(trace(out):find("log:b log:a $"))
  end)

  it("stops at the first answer", function()
    local out = gate.request(gate.chain { mark "a", mark("b", { answer = 418 }), mark "c" })
    assert.equal(418, out.status)
    assert.equal("b", out.body)
    assert.falsy(trace(out):find("request:c", 1, true))
  end)

  it("lets only the plugins above see an early answer", function()
    local out = gate.request(gate.chain { mark "a", mark("b", { answer = 418 }), mark "c" })
    assert.truthy(trace(out):find("response:a", 1, true))
    assert.falsy(trace(out):find("response:b", 1, true))
    assert.falsy(trace(out):find("response:c", 1, true))
  end)

  it("logs the plugins whose request handler ran", function()
    local out = gate.log(gate.request(gate.chain { mark "a", mark("b", { answer = 418 }), mark "c" }))
    assert.truthy(trace(out):find("log:b log:a $"))
    assert.falsy(trace(out):find("log:c", 1, true))
  end)

  it("lets a response handler replace the response", function()
    local out = gate.response(gate.chain { mark "a", mark("b", { replace = 503 }) }, {}, { status = 200 })
    assert.equal(503, out.status)
    assert.equal("b", out.body)
  end)

  it("goes on outward with the replacement", function()
    local out = gate.response(gate.chain { mark "a", mark("b", { replace = 503 }) }, {}, { status = 200 })
    assert.truthy(trace(out):find("response:b response:a ", 1, true))
  end)

  it("takes functions in their place", function()
    local seen
    local out = gate.request(gate.chain {
      mark "a",
      function(req) seen = req.ctx.trace end,
      mark "b",
    })
    assert.equal("request:a ", seen)
    assert.equal("request:a request:b ", trace(out))
  end)

  it("shares ctx among the plugins of one request only", function()
    local chain = gate.chain { mark "a" }
    gate.request(chain)
    assert.equal("request:a ", trace(gate.request(chain)))
  end)

  it("runs one plugin twice, each use with its own settings", function()
    local out = gate.request(gate.chain { mark "a", mark "a2" })
    assert.equal("request:a request:a2 ", trace(out))
  end)

  it("does nothing when it is empty", function()
    local out = gate.request(gate.chain {})
    assert.is_nil(out.status)
    assert.equal(200, gate.response(gate.chain {}, {}, { status = 200 }).status)
  end)
end)


describe("an answer", function()
  before_each(gate.reset)

  local function answer(...)
    local n, values = select("#", ...), { ... }
    return gate.request(function() return unpack(values, 1, n) end)
  end

  it("may be a status alone", function()
    assert.equal(204, answer(204).status)
  end)

  it("may have a text", function()
    local out = answer(200, "hello")
    assert.equal("hello", out.body)
    assert.truthy(out.headers["Content-Type"]:find("text/plain", 1, true))
  end)

  it("becomes JSON when its body is a table", function()
    local out = answer(200, { b = 1, a = { true } })
    assert.equal('{"a":[true],"b":1}', (out.body:gsub("%s+$", "")))
    assert.truthy(out.headers["Content-Type"]:find("application/json", 1, true))
  end)

  it("may have headers", function()
    assert.equal("1", answer(200, "x", { ["X-One"] = "1" }).headers["x-one"])
  end)

  it("may have numbers as header values", function()
    assert.equal("30", answer(503, "x", { ["Retry-After"] = 30 }).headers["Retry-After"])
  end)

  it("keeps the Content-Type that it was given", function()
    assert.equal("text/css", answer(200, "x", { ["Content-Type"] = "text/css" }).headers["Content-Type"])
  end)

  it("says that a plugin made it", function() assert.equal("plugin", answer(200, "x").origin) end)

  it("is a 500 when its status is none", function()
    assert.equal(500, answer(99).status)
    assert.equal(500, answer("200").status)
    assert.equal(200, answer(200).status)
  end)

  it("cannot split its head in two", function()
    local out = answer(200, "x", { ["X-One"] = "1\r\nSet-Cookie: a=b" })
    assert.equal(500, out.status)
    assert.is_nil(out.headers["Set-Cookie"])
  end)

  it("carries the edits that were queued before it", function()
    local out = gate.request(gate.chain {
      function(_, res) res.headers["X-Early"] = "yes" end,
      function() return 403, "no" end,
    })
    assert.equal("yes", out.headers["X-Early"])
  end)
end)
