-- SPDX-License-Identifier: Apache-2.0
-- store.limiter as a plugin sees it.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("store.limiter", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function with(arguments, body, name)
    return probe.handler("request", "local l = self.l\n" .. (body or ""), {
      name = name, init = ("self.l = store.limiter(%s)"):format(arguments),
    })
  end

  it("says whether there was one, what is left, and how long to wait", function()
    local p = with("'z', '2/s', 2", [[ return 200, ("%s %s %.1f"):format(l:take("k")) ]])
    assert.equal("true 1 0.0", gate.request(p).body)
    assert.equal("true 0 0.0", gate.request(p).body)
    assert.equal("false 0 0.5", gate.request(p).body)
    gate.clock:advance(0.5)
    assert.equal("true 0 0.0", gate.request(p).body)
  end)

  it("takes several at once, or only looks", function()
    assert.equal("true 7 true 7 false 7", gate.request(with("'z', { count = 1, per = 60 }, 10", [[
      local a, b = l:take("k", 3)
      local c, d = l:take("k", 0)
      local e, f = l:take("k", 8)
      return 200, ("%s %s %s %s %s %s"):format(a, b, c, d, e, f)
    ]])).body)
  end)

  it("is its plugin's own, unless it is shared", function()
    local body = [[ return 200, tostring((l:take("k"))) ]]
    assert.equal("true", gate.request(with("'z', '1/h', 1", body, "a")).body)
    assert.equal("true", gate.request(with("'z', '1/h', 1", body, "b")).body)
    assert.equal("true", gate.request(with("'z', '1/h', 1, { share = true }", body, "c")).body)
    assert.equal("false", gate.request(with("'z', '1/h', 1, { share = true }", body, "d")).body)
  end)

  for arguments, message in pairs {
    ["'z', '1/s', 1) self.m = store.limiter('z', '2/s', 1"] =
      'zone "z": 2 requests per 1 s, burst 1 here, 1 requests per 1 s, burst 1 at ',
    ["'z', '1/s', 1) self.m = store.limiter('z', '1/s', 1, { entries = 100 }"] =
      'zone "z": 1 requests per 1 s, burst 1, 100 entries here, 1 requests per 1 s, burst 1 at ',
    ["'z', '1/s', 1, { entries = 1 }"] =
      "store.limiter: entries: expected an integer from 64 to 67108864, got 1 (number)",
    ["'z', '1/s', 1, { shared = true }"] = 'store.limiter: unknown option "shared"; did you mean "share"?',
    ["'z', '1/s', 1, { share = 1 }"] = "store.limiter: share: expected true or false, got 1 (number)",
    ["'z', 'fast', 1"] = "store.limiter: rate: expected a rate",
    ["'z', 5, 1"] = 'store.limiter: expected a rate such as "100/s", got 5 (number)',
    ["'z', '1/s'"] = "store.limiter: burst: expected an integer of at least 1, got a nil",
    ["'', '1/s', 1"] = 'store.limiter: expected the name of a zone, got "" (string)',
    [""] = "store.limiter: expected the name of a zone, got a nil",
  } do
    it("refuses " .. arguments, function()
      local ok, why = pcall(with, arguments)
      assert.is_false(ok)
      assert.truthy(why:find(message, 1, true), why)
    end)
  end
end)
