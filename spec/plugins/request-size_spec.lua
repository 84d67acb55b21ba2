-- SPDX-License-Identifier: Apache-2.0
-- plugins/request-size.lua

local gate = require "lunette.spec"

describe("request-size", function()
  before_each(gate.reset)

  local function ask(settings, request)
    return gate.request(gate.plugin("request-size", settings), request)
  end

  it("lets content through up to its size", function()
    assert.is_nil(ask({ max = 5 }, { method = "POST", body = "12345" }).status)
    assert.is_nil(ask({ max = 5 }, "GET /").status)
  end)

  it("answers 413 to more", function()
    local out = ask({ max = "5" }, { method = "POST", body = "123456" })
    assert.equal(413, out.status)
    assert.equal("body_too_large", out.headers["X-Lunette-Reason"])
    assert.equal("Content Too Large", out:json().error)
  end)

  it("bounds content without a length while it is read", function()
    local chain = gate.chain {
      gate.plugin("request-size", { max = 5 }),
      function(req) return 200, select(2, req:read_body("1k")) or "all" end,
    }
    assert.equal("too large", gate.request(chain, { method = "POST", body = "123456", chunked = 1 }).body)
    assert.equal("all", gate.request(chain, { method = "POST", body = "12345", chunked = 1 }).body)
  end)

  it("can insist on a length", function()
    assert.equal(411, ask({ max = 5, require_length = true }, { body = "1", chunked = 1 }).status)
    assert.is_nil(ask({ max = 5, require_length = true }, { body = "1" }).status)
    assert.is_nil(ask({ max = 5, require_length = true }, "GET /").status)
  end)

  it("explains wrong settings", function()
    assert.has_error(function() gate.plugin("request-size", {}) end,
      'request-size:\n  max: required: expected a size such as 4096, "64k" or "1m" of at least 1')
    assert.has_error(function() gate.plugin("request-size", { max = "big" }) end,
      'request-size:\n  max: expected a size such as 4096, "64k" or "1m" of at least 1, got "big" (string)')
    assert.has_error(function() gate.plugin("request-size", { max = 0 }) end,
      'request-size:\n  max: expected a size such as 4096, "64k" or "1m" of at least 1, got 0 (number)')
  end)
end)
