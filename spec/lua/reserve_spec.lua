-- SPDX-License-Identifier: Apache-2.0
-- reserve_header: when, and what. That no client gets through with such a header: spec/e2e/20-proto/stripped_headers_spec.lua.

local gate = require "lunette.spec"
local reserve = require "lunette.reserve"


describe("reserve_header", function()
  before_each(gate.reset)

  it("comes before the first request", function()
    local out = gate.request(function() reserve.header("X-Who") end)
    assert.truthy(out.failed:find("reserve_header cannot be called in request: names are reserved in init", 1, true))
    assert.is_nil(gate.request(function() end).failed)
  end)

  for _, name in ipairs { "", "X Who", "X-Who:", "X-\xc3\xa4", ("x"):rep(129), 7, false } do
    it("wants the name of a header and not " .. tostring(name):sub(1, 10), function()
      local ok, why = pcall(reserve.header, name)
      assert.is_false(ok)
      assert.truthy(tostring(why):find("reserve_header: expected the name of a header, got", 1, true), why)
    end)
  end

  it("is what `headers` does for the header of its client_id", function()
    assert.is_table(gate.plugin("headers", { client_id = "X-Client-Id" }))
    local out = gate.request(gate.plugin("headers", { client_id = "X-Client-Id" }), { ip = "192.0.2.7" })
    assert.equal("192.0.2.7", out:sent().headers["X-Client-Id"])
  end)
end)
