-- SPDX-License-Identifier: Apache-2.0
-- Plugins that gateway.yaml names.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("plugins in gateway.yaml", function()
  after_each(gate.cleanup)

  it("run in the order of the list", function()
    local up = gate.upstream()
    local g = gate.proxy(up, { service = { plugins = {
      { ["client-id"] = { from = { "header:X-Api-Key" }, hash = false } },
      { headers = { client_id = "X-Client-Id" } },
      { ["rate-limit"] = { rate = "1/24h", burst = 1 } },
    } } })
    local options = { headers = { ["X-Api-Key"] = "k" } }
    assert.equal(200, g:get("/", options).status)
    assert.equal("k", up:last().headers["X-Client-Id"])
    assert.equal(429, g:get("/", options).status)
    assert.equal(200, g:get("/").status)
  end)
end)
