-- SPDX-License-Identifier: Apache-2.0
-- store.counters as a plugin sees them.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("store.counters", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function with(body, options)
    return probe.handler("request", "local c = self.c\n" .. body, {
      name = options and "small" or "probe",
      init = ("self.c = store.counters('z', %s)"):format(options or "nil"),
    })
  end

  it("count", function()
    local out = gate.request(with [[
      assert(c:get("k") == nil)
      assert(c:incr("k") == 1)
      assert(c:incr("k", 41) == 42)
      assert(c:incr("k", -50) == -8)
      assert(c:get("k") == -8)
      assert(c:get("other") == nil)
      return 200
    ]])
    assert.is_nil(out.failed)
  end)

  it("hand out what they had come to when they are deleted", function()
    assert.equal("nil 7 1", gate.request(with [[
      local none = c:delete("k")
      c:incr("k", 7)
      return 200, ("%s %s %s"):format(none, c:delete("k"), c:incr("k"))
    ]]).body)
  end)

  it("end when the time of their beginning is over", function()
    local p = with [[ return 200, tostring(c:incr("k", 1, 60)) ]]
    for i = 1, 3 do
      assert.equal(tostring(i), gate.request(p).body)
      gate.clock:advance(19)
    end
    gate.clock:advance(4)
    assert.equal("1", gate.request(p).body)
  end)

  it("refuse a new key when they are full, and forget none", function()
    local out = gate.request(with([[
      local counted, why = 0
      for i = 1, 200 do
        local n, reason = c:incr("k" .. i)
        if n then counted = counted + 1 else why = reason end
      end
      local there = 0
      for i = 1, 200 do there = there + (c:get("k" .. i) or 0) end
      return 200, ("%s %s %s"):format(counted == there, counted >= 64, why)
    ]], "{ entries = 64 }"))
    assert.equal("true true full", out.body)
  end)

  it("take back the room of those that have ended", function()
    local p = with([[
      local refused = 0
      for i = 1, 60 do refused = refused + (c:incr(req.path .. i, 1, 5) and 0 or 1) end
      return 200, tostring(refused)
    ]], "{ entries = 64 }")
    for i = 1, 20 do
      -- where five keys meet in one bucket, which is rare, one is refused
      assert.is_true(tonumber(gate.request(p, "GET /" .. i).body) <= 1)
      gate.clock:advance(6)
    end
  end)

  it("stop at what a number holds exactly", function()
    assert.equal("nil out of range 9007199254740992", gate.request(with [[
      c:incr("k", 2 ^ 53)
      local n, why = c:incr("k")
      return 200, ("%s %s %.0f"):format(n, why, c:get("k"))
    ]]).body)
  end)

  it("are empty after gate.reset()", function()
    local body = [[ return 200, tostring(c:incr("k")) ]]
    assert.equal("1", gate.request(with(body)).body)
    probe.reset()
    assert.equal("1", gate.request(with(body)).body)
  end)

  it("explain two settings of one zone", function()
    local ok, why = pcall(with, "", "nil) self.d = store.counters('z', { entries = 100 }")
    assert.is_false(ok)
    assert.matches('zone "z": counters with 100 entries here, counters with 65536 entries at ', why, 1, true)
    assert.is_true(pcall(with, "", "nil) self.d = store.dict('z'"))
    ok, why = pcall(with, "", "{ entries = 5 }")
    assert.is_false(ok)
    assert.matches("store.counters: entries: expected an integer from 64 to 1000000, got 5 (number)", why, 1, true)
  end)

  for call, message in pairs {
    ["c:incr(5)"] = "incr: expected a text as key, got 5 (number)",
    ["c:incr('k', 0.5)"] = "incr: expected a whole number up to 2^53, got 0.5 (number)",
    ["c:incr('k', '1')"] = 'incr: expected a whole number, got "1" (string)',
    ["c:incr('k', 1, -1)"] = "incr: expected a ttl above 0 and up to 1e9 seconds, got -1 (number)",
    ["c:incr('k', 1 / 0)"] = "incr: expected a whole number up to 2^53",
    ["c:get()"] = "get: expected a text as key, got a nil",
    ["c:delete(true)"] = "delete: expected a text as key, got true (boolean)",
  } do
    it("refuse " .. call, function()
      assert.equal(500, gate.request(with(call)).status)
      assert.truthy(gate.logged()[1].text:find(message, 1, true), gate.logged()[1].text)
    end)
  end
end)
