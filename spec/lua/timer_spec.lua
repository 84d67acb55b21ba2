-- SPDX-License-Identifier: Apache-2.0
-- timer.every and timer.after in virtual time: gate.clock:advance() lets them fire.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("timer", function()
  before_each(probe.reset)
  after_each(probe.reset)

  -- A plugin whose init is given, and whose request handler answers with self.n.
  local function plugin(init)
    return probe.handler("request", "return 200, tostring(self.n)", { init = "self.n = 0\n" .. init })
  end

  local function count(p) return gate.request(p).body end

  local function errors()
    local list = {}
    for _, line in ipairs(gate.logged()) do
      if line.level == "error" then list[#list + 1] = line end
    end
    return list
  end

  it("runs again and again", function()
    local p = plugin "timer.every(10, function() self.n = self.n + 1 end)"
    assert.equal("0", count(p))
    gate.clock:advance(9.9)
    assert.equal("0", count(p))
    gate.clock:advance(0.2)
    assert.equal("1", count(p))
    gate.clock:advance(100)
    assert.equal("11", count(p))
  end)

  it("runs once", function()
    local p = plugin "timer.after('500ms', function() self.n = self.n + 1 end)"
    gate.clock:advance(0.4)
    assert.equal("0", count(p))
    gate.clock:advance(10)
    assert.equal("1", count(p))
  end)

  it("is cancelled from inside parallel(), of which nothing is left then", function()
    local p = plugin [[
      self.n = ""
      local t
      t = timer.every(10, function()
        parallel(function() t:cancel() self.n = self.n .. "a" sleep(1) self.n = self.n .. "b" end,
          function() sleep(2) self.n = self.n .. "c" end)
        self.n = self.n .. "d"
      end)
      local other
      other = timer.every(10, function()
        parallel(function() parallel(function() other:cancel() self.n = self.n .. "e" end) end)
        self.n = self.n .. "f"
      end)]]
    gate.clock:advance(60)
    assert.equal("ae", count(p))
  end)

  it("runs soon after init with zero", function()
    local p = plugin "timer.after(0, function() self.n = 7 end)"
    gate.clock:advance(0)
    assert.equal("7", count(p))
  end)

  it("runs several in the order of their times", function()
    local p = plugin [[
      self.n = ""
      for i, s in ipairs { 3, 1, 2 } do timer.after(s, function() self.n = self.n .. i end) end]]
    gate.clock:advance(5)
    assert.equal("231", count(p))
  end)

  it("may wait, and ask others", function()
    gate.http:on("GET http://config/", 200, "new")
    local p = plugin [[
      timer.every(60, function()
        sleep(1)
        self.n = http.get("http://config/").body
        local a, b = parallel(function() sleep(2) return "a" end, function() sleep(1) return "b" end)
        self.n = self.n .. a .. b
      end)]]
    gate.clock:advance(62.5)
    assert.equal("new", count(p))
    gate.clock:advance(1)
    assert.equal("newab", count(p))
  end)

  it("leaves a run out while the one before is still going", function()
    local p = plugin "timer.every(1, function() self.n = self.n + 1 sleep(2.5) end)"
    gate.clock:advance(3.9)
    assert.equal("1", count(p))
    gate.clock:advance(0.2)
    assert.equal("2", count(p))
  end)

  it("fires while a handler sleeps", function()
    local p = probe.handler("request", "sleep(5) return 200, tostring(self.n)",
      { init = "self.n = 0 timer.every(1, function() self.n = self.n + 1 end)" })
    assert.equal("5", gate.request(p).body)
  end)

  it("can be cancelled, also by itself", function()
    local p = plugin [[
      local t
      t = timer.every(1, function() self.n = self.n + 1 if self.n == 3 then t:cancel() t:cancel() end end)
      local other = timer.every(1, function() self.n = 1000 end)
      other:cancel()
      local waits = timer.after(1, function() sleep(10) self.n = 2000 end)
      timer.after(5, function() waits:cancel() end)]]
    gate.clock:advance(60)
    assert.equal("3", count(p))
  end)

  it("can start others", function()
    local p = plugin [[
      local function again() self.n = self.n + 1 if self.n < 4 then timer.after(1, again) end end
      timer.after(1, again)]]
    gate.clock:advance(60)
    assert.equal("4", count(p))
  end)

  it("tells about an error with plugin and line, and goes on", function()
    local p = plugin "timer.every(1, function() self.n = self.n + 1 if self.n == 2 then error('oh no') end end)"
    gate.clock:advance(3)
    assert.equal("3", count(p))
    local told = errors()
    assert.equal(1, #told)
    assert.truthy(told[1].text:find("plugin probe failed in a timer: ", 1, true), told[1].text)
    assert.truthy(told[1].text:find("probe.lua:7: oh no", 1, true), told[1].text)
    assert.truthy(told[1].fields.traceback:find("stack traceback", 1, true))
    assert.truthy(told[1].fields.timer:find("probe.lua:7", 1, true), told[1].fields.timer)
    assert.equal("probe", told[1].fields.plugin)
  end)

  it("tells about an error in one that runs once", function()
    plugin "timer.after(1, function() sleep(1) error({}) end)"
    gate.clock:advance(3)
    assert.truthy(errors()[1].text:find("plugin probe failed in a timer: an error that is a table", 1, true))
  end)

  it("ends with gate.reset()", function()
    plugin "timer.every(1, function() log.info('still there') end)"
    gate.reset()
    gate.clock:advance(10)
    assert.same({}, gate.logged())
  end)

  it("takes its turn when one of all workers is asked for", function()
    local p = plugin "timer.every(10, function() self.n = self.n + 1 end, { on = 'one', name = 'x' .. time() })"
    gate.clock:advance(35)
    assert.equal("3", count(p))
  end)

  it("comes later by chance with jitter", function()
    local p = plugin "timer.every(10, function() self.n = self.n + 1 end, { jitter = '1s' })"
    gate.clock:advance(100)
    assert.truthy(tonumber(count(p)) >= 9)
  end)

  local mistakes = {
    ["timer.every('soon', print)"] = "timer.every: seconds: expected a duration",
    ["timer.every(0, print)"] = "from 0.01 s to 366 days",
    ["timer.after(-1, print)"] = "timer.after: seconds: expected a duration",
    ["timer.every(1)"] = "timer.every: expected a function",
    ["timer.every(1, print, 7)"] = "expected a table of options",
    ["timer.every(1, print, { onn = 'one' })"] = 'did you mean "on"?',
    ["timer.every(1, print, { on = 'two' })"] = 'expected "one" or "all"',
    ["timer.every(1, print, { jitter = 'x' })"] = "jitter: expected a duration",
    ["timer.each(1, print)"] = 'timer has no "each"',
    ["for i = 1, 2000 do timer.after(1, print) end"] = "there are 1024 timers already",
    ["timer.every(1, req.x)"] = "req",
  }
  for code, why in pairs(mistakes) do
    it("explains " .. code, function()
      local ok, message = pcall(plugin, code)
      assert.is_false(ok)
      assert.truthy(message:find(why, 1, true), message)
      assert.truthy(message:find("probe.lua:7: ", 1, true), message)
    end)
  end

  it("is made in init, not in a handler", function()
    local out = probe.run "timer.every(1, print)"
    assert.equal(500, out.status)
    assert.truthy(out.failed:find("timer.every cannot be called in request: start it in init", 1, true), out.failed)
  end)
end)
