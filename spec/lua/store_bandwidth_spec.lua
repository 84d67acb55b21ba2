-- SPDX-License-Identifier: Apache-2.0
-- store.bandwidth as a plugin sees it. What it does to content is in spec/e2e/41-shipped/bandwidth_limit_spec.lua.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("store.bandwidth", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function with(body, handler, options)
    return probe.handler(handler or "request", body, {
      init = ("self.bandwidth = store.bandwidth('z', %s)"):format(options or "nil"),
    })
  end

  local function fails(body, why)
    assert.equal(500, gate.request(with(body)).status)
    assert.matches(why, gate.logged()[1].text, 1, true)
    probe.reset()
  end

  it("takes a key or none, numbers and sizes, both sides", function()
    local out = gate.request(with [[
      self.bandwidth:pace("k", 1)
      self.bandwidth:pace(nil, "512k", 0)
      self.bandwidth:pace("k", 1e12, "1m", "response")
      self.bandwidth:pace("k", "1m", nil, "request")
    ]])
    assert.is_nil(out.failed)
    assert.is_nil(out.status)
  end)

  it("can be set while there is a response and nothing of it has gone", function()
    local out = gate.response(with([[ self.bandwidth:pace("k", 1) ]], "response"), {}, { status = 200 })
    assert.is_nil(out.failed)
    out = gate.response(with([[ self.bandwidth:pace("k", 1, 1, "request") ]], "response"), {}, { status = 200 })
    assert.truthy(out.failed)
    assert.matches("pace: the request has begun, or cannot be changed here", gate.logged()[1].text, 1, true)
  end)

  it("says what it expects", function()
    fails("self.bandwidth:pace(1, 1)", "pace: expected a text as key, got 1 (number)")
    fails("self.bandwidth:pace('k')", "pace: rate: expected a size from 1 to 1e12 bytes")
    fails("self.bandwidth:pace('k', 0)", "pace: rate: expected a size from 1 to 1e12 bytes")
    fails("self.bandwidth:pace('k', 0/0)", "pace: rate: expected a size from 1 to 1e12 bytes")
    fails("self.bandwidth:pace('k', 1, -1)", "pace: burst: expected a size from 0 to 1e12 bytes")
    fails("self.bandwidth:pace('k', 1, 1, 'both')", 'pace: side: expected "response" or "request", got "both"')
    fails("for i = 1, 9 do self.bandwidth:pace('k', 1) end", "pace: a request has at most 8 bandwidths for each side")
  end)

  it("refuses wrong options", function()
    assert.has_error(function() with("", nil, "{ entries = 1 }") end,
      "store.bandwidth: entries: expected an integer from 64 to 67108864, got 1 (number)")
  end)
end)
