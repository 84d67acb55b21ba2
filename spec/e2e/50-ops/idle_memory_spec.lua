-- SPDX-License-Identifier: Apache-2.0
-- What an idle client costs.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an idle client", function()
  after_each(gate.cleanup)

  it("costs little memory: no buffer is kept for it", function()
    local g = gate.proxy(gate.upstream())
    local function hold(n)
      for _ = 1, n do gate.client(g):get("/") end
    end
    hold(200)
    local before = g:memory()
    hold(800)
    local each = (g:memory() - before) / 800
    assert.is_true(each < (gate.slow > 1 and 16384 or 1536), each .. " bytes")
  end)
end)
