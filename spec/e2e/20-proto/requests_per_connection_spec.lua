-- SPDX-License-Identifier: Apache-2.0
-- How many requests a client's connection may bring.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("requestsPerConnection", function()
  after_each(gate.cleanup)

  it("closes after so many, with Connection: close on the last", function()
    local g = gate.proxy(gate.upstream(), { gateway = { limits = { requestsPerConnection = 3 } } })
    local c = gate.client(g)
    for _ = 1, 2 do assert.is_nil(c:get("/").headers["Connection"]) end
    assert.equal("close", c:get("/").headers["Connection"])
    assert.is_true(c:is_closed())
  end)
end)
