-- SPDX-License-Identifier: Apache-2.0
-- store.dict as a plugin sees it.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("store.dict", function()
  before_each(probe.reset)
  after_each(probe.reset)

  -- A plugin whose request handler has the dictionary as `d`; what it returns is the answer.
  local function with(options, name)
    return function(body)
      return probe.handler("request", "local d = self.d\n" .. body, {
        name = name or "probe", init = ("self.d = store.dict('z', %s)"):format(options or "nil"),
      })
    end
  end

  local function run(body)
    local out = gate.request(with()(body))
    assert.is_nil(out.failed)
    return out.body
  end

  it("gives back what was stored, with its type", function()
    run [[
      for _, v in ipairs { "text", "", 0, -1.5, 1e300, true, false, ("x"):rep(3000), "\0\1\255" } do
        assert(d:set("k", v) == true)
        assert(d:get("k") == v)
      end
      assert(d:get("other") == nil)
      return 200
    ]]
  end)

  it("forgets when the time is over", function()
    local p = with() [[
      if req.path == "/set" then return 200, tostring(d:set("k", "v", 1.5)) end
      return 200, tostring(d:get("k"))
    ]]
    assert.equal("true", gate.request(p, "GET /set").body)
    gate.clock:advance(1.4)
    assert.equal("v", gate.request(p, "GET /get").body)
    gate.clock:advance(0.2)
    assert.equal("nil", gate.request(p, "GET /get").body)
  end)

  it("adds only what is not there", function()
    assert.equal("true false first nil", run [[
      local a, b = d:add("k", "first"), d:add("k", "second")
      return 200, ("%s %s %s %s"):format(a, b, d:get("k"), d:get("none"))
    ]])
  end)

  it("compares and swaps, in type too", function()
    run [[
      assert(d:cas("k", nil, 1) == true)
      assert(d:cas("k", nil, 2) == false)
      assert(d:cas("k", "1", 2) == false)
      assert(d:cas("k", true, 2) == false)
      assert(d:cas("k", 1, "two") == true)
      assert(d:cas("k", "two", false) == true)
      assert(d:cas("k", true, 1) == false)
      assert(d:cas("k", false, nil) == true)
      assert(d:get("k") == nil)
      assert(d:cas("k", nil, nil) == true)
      return 200
    ]]
  end)

  it("deletes, and says whether there was something", function()
    assert.equal("false true false", run [[
      local a = d:delete("k")
      d:set("k", 1)
      return 200, ("%s %s %s"):format(a, d:delete("k"), d:delete("k"))
    ]])
  end)

  it("adds up numbers", function()
    run [[
      assert(d:incr("n") == 1)
      assert(d:incr("n", 2.5) == 3.5)
      assert(d:incr("n", -1) == 2.5)
      d:set("s", "5")
      local n, why = d:incr("s")
      assert(n == nil and why == "not a number")
      return 200
    ]]
  end)

  it("keeps the end of a number that is there", function()
    local p = with() [[ return 200, tostring(d:incr("n", 1, 10)) ]]
    assert.equal("1", gate.request(p).body)
    gate.clock:advance(6)
    assert.equal("2", gate.request(p).body)
    gate.clock:advance(6)
    assert.equal("1", gate.request(p).body)
  end)

  it("says what is too large, and stores nothing", function()
    assert.equal("too large old", run [[
      d:set("k", "old")
      local ok, why = d:set("k", ("x"):rep(200000))
      assert(ok == nil)
      assert(d:get(("x"):rep(200000)) == nil)
      return 200, why .. " " .. d:get("k")
    ]])
  end)

  it("lets go of what was not used, when it is full", function()
    local p = with("{ size = '16k' }", "tiny") [[
      if req.path == "/fill" then
        for i = 1, 500 do assert(d:set("k" .. i, i)) d:get("hot") end
      end
      d:add("hot", 1)
      return 200, ("%s %s %s"):format(d:get("hot"), d:get("k1"), d:get("k500"))
    ]]
    gate.request(p, "GET /")
    assert.equal("1 nil 500", gate.request(p, "GET /fill").body)
  end)

  it("refuses what is new with evict = false, and loses nothing", function()
    local p = with("{ size = '16k', evict = false }", "strict") [[
      local stored, why = 0
      for i = 1, 500 do
        local ok, reason = d:add("k" .. i, i)
        if ok then stored = stored + 1 else why = reason end
      end
      local there = 0
      for i = 1, 500 do there = there + (d:get("k" .. i) and 1 or 0) end
      return 200, ("%s %s %s"):format(stored == there, stored > 60, why)
    ]]
    assert.equal("true true full", gate.request(p).body)
  end)

  it("is its plugin's own, unless it is shared", function()
    local body = [[ local old = d:get("k") d:set("k", 1) return 200, tostring(old) ]]
    assert.equal("nil", gate.request(with(nil, "a")(body)).body)
    assert.equal("nil", gate.request(with(nil, "b")(body)).body)
    assert.equal("nil", gate.request(with("{ share = true }", "c")(body)).body)
    assert.equal("1", gate.request(with("{ share = true }", "d")(body)).body)
  end)

  it("is empty after gate.reset()", function()
    local body = [[ local old = d:get("k") d:set("k", 1) return 200, tostring(old) ]]
    assert.equal("nil", gate.request(with()(body)).body)
    probe.reset()
    assert.equal("nil", gate.request(with()(body)).body)
  end)

  it("explains wrong options", function()
    local function init(text)
      local ok, why = pcall(probe.handler, "request", "", { init = text })
      assert.is_false(ok)
      return why
    end
    assert.matches('zone "z": a dictionary of 2097152 bytes here, a dictionary of 1048576 bytes at ',
      init "self.a = store.dict('z') self.b = store.dict('z', { size = '2m' })")
    assert.matches('store.dict: unknown option "sise"; did you mean "size"?', init "store.dict('z', { sise = 1 })",
      1, true)
    assert.matches('store.dict: size: expected a size from "16k" to "256m", got 5 (number)',
      init "store.dict('z', { size = 5 })", 1, true)
    assert.matches('store.dict: evict: expected true or false, got "no" (string)',
      init "store.dict('z', { evict = 'no' })", 1, true)
    assert.matches("store.dict: expected the name of a zone, got a nil", init "store.dict()", 1, true)
    assert.matches("store.dict: expected its options in a table, got 5 (number)", init "store.dict('z', 5)", 1, true)
    assert.matches('store has no "dikt"; did you mean "dict"?', init "store.dikt('z')", 1, true)
  end)

  for call, message in pairs {
    ["d:get(5)"] = "get: expected a text as key, got 5 (number)",
    ["d:set({}, 1)"] = "set: expected a text as key, got a table",
    ["d:set('k', {})"] = "set: expected a text, a number or a boolean, got a table",
    ["d:set('k', nil)"] = "set: expected a text, a number or a boolean, got a nil",
    ["d:set('k', 1, 0)"] = "set: expected a ttl above 0 and up to 1e9 seconds, got 0 (number)",
    ["d:add('k', 1, 0/0)"] = "add: expected a ttl above 0 and up to 1e9 seconds",
    ["d:cas('k', print, 1)"] = "cas: expected a text, a number or a boolean, got a function",
    ["d:incr('k', '1')"] = 'incr: expected a number, got "1" (string)',
  } do
    it("refuses " .. call, function()
      assert.equal(500, gate.request(with()(call)).status)
      assert.truthy(gate.logged()[1].text:find(message, 1, true), gate.logged()[1].text)
    end)
  end
end)
