-- SPDX-License-Identifier: Apache-2.0
-- store.limiter: one for all workers and generations.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("store.limiter", function()
  after_each(gate.cleanup)

  it("is one for all workers, and stays through reloads", function()
    local g = gate.start { workers = 2, plugins = { take = [[
      local p = plugin "take" { version = "1.0.0", api = 1, schema = {} }
      function p:init() self.limiter = store.limiter("e2e", "10/24h", 10) end
      function p:request(req)
        local ok, left = self.limiter:take(req.args.key or "", tonumber(req.args.cost or 1))
        return ok and 200 or 429, tostring(left)
      end
      return p
    ]] }, routes = 'get "/" { use "take" {}, reply = { 204 } }' }
    assert.equal("7", g:get("/?key=a&cost=3").body)
    assert.equal("9", g:get("/?key=b").body)
    assert.equal(0, g:reload().code)
    for left = 6, 0, -1 do assert.equal(tostring(left), g:get("/?key=a").body) end
    assert.equal(429, g:get("/?key=a").status)
    assert.equal(200, g:get("/?key=b").status)
  end)
end)
