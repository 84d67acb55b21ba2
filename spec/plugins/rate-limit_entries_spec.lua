-- SPDX-License-Identifier: Apache-2.0
-- plugins/rate-limit.lua: how many clients are told apart.

local gate = require "lunette.spec"

describe("rate-limit", function()
  before_each(gate.reset)

  local function open(settings)
    settings.rate, settings.burst = "1/h", 1
    return gate.plugin("rate-limit", settings)
  end

  local function status(p, options) return gate.request(p, options).status end

  it("tells as many apart as `entries` says; a flood beyond shares a count and frees nobody", function()
    local few, many = open { entries = 64, zone = "few" }, open { entries = 100000, zone = "many" }
    local function flood(p)
      local passed = 0
      for i = 1, 2000 do passed = passed + (status(p, { ip = ("10.1.%d.%d"):format(i / 250, i % 250) }) and 0 or 1) end
      return passed
    end
    assert.is_true(flood(few) < 300)
    assert.equal(429, status(few, { ip = "10.1.0.1" }))
    assert.equal(429, status(few, { ip = "10.9.9.9" }))
    assert.equal(2000, flood(many))
    assert.is_nil(status(many, { ip = "10.9.9.9" }))
  end)
end)
