-- SPDX-License-Identifier: Apache-2.0
-- Handlers may wait, in every phase and in most places of the language; the clock of specs moves with them.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("sleep", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("waits in a request handler", function()
    local before = gate.clock:now()
    local out = probe.run "sleep(1.5) return 200, 'woke'"
    assert.equal("woke", out.body)
    assert.near(1.5, gate.clock:now() - before, 0.001)
  end)

  it("waits in a response handler", function()
    local before = gate.clock:now()
    local out = gate.response(probe.handler("response", "sleep(2) res.headers['X-Woke'] = 'yes'"), {}, { status = 200 })
    assert.equal("yes", out.headers["X-Woke"])
    assert.near(2, gate.clock:now() - before, 0.001)
  end)

  it("waits in a log handler", function()
    local out = gate.log(gate.response(probe.handler("log", "sleep(1) req.ctx.woke = true"), {}, { status = 200 }))
    assert.is_true(out.req.ctx.woke)
  end)

  it("waits several times in one handler", function()
    local before = gate.clock:now()
    probe.run "for i = 1, 3 do sleep(1) end return 200"
    assert.near(3, gate.clock:now() - before, 0.001)
  end)

  it("is seen by time()", function()
    local out = probe.run "local a = time() sleep(5) return 200, tostring(math.floor(time() - a + 0.5))"
    assert.equal("5", out.body)
  end)

  it("keeps the order of the chain", function()
    local trace = {}
    gate.request(gate.chain {
      probe.handler("request", "sleep(1) req.ctx.woke = 1", { name = "first" }),
      function(req) trace[1] = req.ctx.woke end,
    })
    assert.equal(1, trace[1])
  end)

  it("lets a handler answer after it", function()
    assert.equal(403, probe.run("sleep(0.1) return 403").status)
  end)

  it("lets a handler raise after it", function()
    assert.equal(500, probe.run("sleep(0.1) error('late')").status)
    assert.equal(200, gate.request(function() return 200 end).status)
  end)

  it("takes no time at all for zero", function()
    local before = gate.clock:now()
    assert.equal(200, probe.run("sleep(0) return 200").status)
    assert.near(0, gate.clock:now() - before, 0.001)
  end)

  it("refuses what is no number of seconds", function()
    assert.equal(500, probe.run("sleep('soon')").status)
    assert.equal(500, gate.request(probe.handler("request", "sleep(-1)", { name = "second" })).status)
    assert.equal(500, gate.request(probe.handler("request", "sleep(0/0)", { name = "third" })).status)
  end)

  local places = {
    ["pcall"] = "local ok, v = pcall(function() sleep(1) return 'v' end) return 200, tostring(ok) .. v",
    ["xpcall"] = "local ok, v = xpcall(function() sleep(1) return 'v' end, tostring) "
      .. "return 200, tostring(ok) .. v",
    ["a metamethod"] = "local o = setmetatable({}, { __index = function() sleep(1) return 'truev' end }) "
      .. "return 200, o.x",
    ["an iterator"] = "local s = 'true' "
      .. "for x in function(_, i) if not i then sleep(1) return 'v' end end do s = s .. x end return 200, s",
    ["the function of string.gsub"] = "return 200, (('v'):gsub('v', function() sleep(1) return 'truev' end))",
    ["the comparison of table.sort"] = "local t, n = { 2, 1 }, 0 "
      .. "table.sort(t, function(a, b) if n == 0 then n = 1 sleep(1) end return a < b end) "
      .. "return 200, tostring(t[1] == 1) .. 'v'",
    ["a coroutine of its own"] = "local f = coroutine.wrap(function() sleep(1) return 'truev' end) return 200, f()",
  }
  for place, body in pairs(places) do
    it("works inside of " .. place, function()
      local before = gate.clock:now()
      assert.equal("truev", probe.run(body).body)
      assert.near(1, gate.clock:now() - before, 0.001)
    end)
  end

  it("explains itself where Lua cannot wait", function()
    local out = probe.run("local t = setmetatable({}, { __tostring = function() sleep(1) end })\n"
      .. "return 200, ('%s'):format(t)")
    assert.equal(500, out.status)
    assert.truthy(out.failed:find("probe.lua:3: sleep cannot wait inside a function of C", 1, true), out.failed)
    assert.equal(200, gate.request(function() return 200 end).status)
  end)

  it("is refused in init", function()
    assert.has_error(function() probe.handler("request", "", { init = "sleep(1)" }) end)
  end)
end)
