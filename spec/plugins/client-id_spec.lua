-- SPDX-License-Identifier: Apache-2.0
-- plugins/client-id.lua

local gate = require "lunette.spec"

describe("client-id", function()
  before_each(gate.reset)

  -- Who the request is counted as behind the plugin.
  local function identity(settings, request)
    local out = gate.request(gate.chain {
      gate.plugin("client-id", settings),
      function(req) return 200, req.client.id end,
    }, request)
    return out.status == 200 and out.body or out
  end

  local plain = { from = { "header:X-Api-Key", "query:key", "cookie:session" }, hash = false }

  it("reads a header", function()
    assert.equal("k1", identity(plain, { headers = { ["X-Api-Key"] = "k1" } }))
  end)

  it("reads an argument of the query", function()
    assert.equal("k 2", identity(plain, "GET /?key=k%202"))
  end)

  it("reads a cookie", function()
    assert.equal("k3", identity(plain, { headers = { Cookie = "a=b; session=k3" } }))
  end)

  it("takes the first source that answers", function()
    local request = { path = "/?key=k2", headers = { ["X-Api-Key"] = "k1", Cookie = "session=k3" } }
    assert.equal("k1", identity(plain, request))
    request.headers["X-Api-Key"] = nil
    assert.equal("k2", identity(plain, request))
  end)

  it("takes an empty answer for none", function()
    assert.equal("k2", identity(plain, { path = "/?key=k2", headers = { ["X-Api-Key"] = "" } }))
  end)

  it("leaves the address where no source answers", function()
    assert.equal("192.0.2.1", identity(plain, { ip = "192.0.2.1" }))
  end)

  it("hashes by default", function()
    assert.equal(32, #identity({}, { headers = { ["X-Api-Key"] = "k1" } }))
    assert.not_equal("k1", identity({}, { headers = { ["X-Api-Key"] = "k1" } }))
  end)

  it("uses the first half of the SHA-256", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223", identity({}, { headers = { ["X-Api-Key"] = "abc" } }))
  end)

  it("gives one key one identity, many times over", function()
    local p = gate.chain { gate.plugin("client-id", {}), function(req) return 200, req.client.id end }
    local seen = {}
    for round = 1, 2 do
      for i = 1, 5000 do
        local id = gate.request(p, { headers = { ["X-Api-Key"] = "key" .. i } }).body
        if round == 1 then
          assert.is_nil(seen[id])
          seen[id] = i
        elseif seen[id] ~= i then
          error("another identity for key" .. i)
        end
      end
    end
  end)

  it("remembers a bounded number of keys", function()
    local who = gate.plugin("client-id", {})
    for i = 1, 5000 do gate.request(who, { headers = { ["X-Api-Key"] = "key" .. i } }) end
    local young, old = 0, 0
    for _ in pairs(who.self.young) do young = young + 1 end
    for _ in pairs(who.self.old) do old = old + 1 end
    assert.same({ 5000 % 1024, 1024 }, { young, old })
  end)

  it("cannot be talked into another one's address", function()
    local id = identity({}, { ip = "192.0.2.1", headers = { ["X-Api-Key"] = "192.0.2.9" } })
    assert.not_equal("192.0.2.9", id)
  end)

  it("answers 401 where an identity is required", function()
    local out = identity({ required = true }, { id = "r-1" })
    assert.equal(401, out.status)
    assert.equal("ApiKey", out.headers["WWW-Authenticate"])
    assert.same({ error = "Client identity required", code = "identity_required", request_id = "r-1" }, out:json())
  end)

  it("lets who is required and there pass", function()
    assert.equal("k1", identity({ required = true, hash = false }, { headers = { ["X-Api-Key"] = "k1" } }))
  end)

  for _, source in ipairs { "cooky:a", "header", "header:", "header:a b", ":a", "Header:A" } do
    it("refuses the source " .. ("%q"):format(source), function()
      local ok, why = pcall(gate.plugin, "client-id", { from = { "query:key", source } })
      assert.is_false(ok)
      local expected = 'from[2]: expected "header:NAME", "query:NAME" or "cookie:NAME", got "%s"'
      assert.truthy(why:find(expected:format(source), 1, true), why)
    end)
  end

  it("wants one source at least", function()
    assert.has_error(function() gate.plugin("client-id", { from = {} }) end,
      "client-id:\n  from: expected a list of 1 to 8 items, got a table")
  end)
end)
