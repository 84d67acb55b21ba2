-- SPDX-License-Identifier: Apache-2.0
-- plugins/bandwidth-limit.lua: its settings. What it does to content is in spec/e2e/41-shipped/bandwidth_limit_spec.lua.

local gate = require "lunette.spec"

describe("bandwidth-limit", function()
  before_each(gate.reset)

  local function ask(settings, options) return gate.request(gate.plugin("bandwidth-limit", settings), options or {}) end

  it("refuses nothing", function()
    for _ = 1, 3 do assert.is_nil(ask({ download = "1k", upload = 1, burst = 0 }).status) end
  end)

  it("asks who shares it, and takes other rates from a function", function()
    local seen
    local out = ask({ download = "1m", by = function(req) seen = req.path return nil end }, { path = "/x" })
    assert.is_nil(out.status)
    assert.equal("/x", seen)
    assert.is_nil(ask({ limit = function() return "10k" end }).status)
    assert.is_nil(ask({ each = true, limit = function() return nil end }).status)
  end)

  it("says what is wrong with what a function gives", function()
    local out = ask { limit = function() return "fast" end }
    assert.equal(500, out.status)
    assert.matches('pace: rate: expected a size from 1 to 1e12 bytes, such as "512k", got "fast" (string)',
      gate.logged()[1].text, 1, true)
  end)

  it("explains a wrong setting", function()
    local function wrong(settings, why)
      assert.has_error(function() gate.plugin("bandwidth-limit", settings) end, "bandwidth-limit:\n  " .. why)
    end
    wrong({}, 'download: required: expected a size such as "1m", or upload')
    wrong({ download = "fast" },
      'download: expected a size such as 4096, "64k" or "1m" from 1 to 512g, got "fast" (string)')
    wrong({ download = 0 }, 'download: expected a size such as 4096, "64k" or "1m" from 1 to 512g, got 0 (number)')
    wrong({ download = 1, limit = "1m" }, "limit: expected a function, got a string")
  end)
end)
