-- SPDX-License-Identifier: Apache-2.0
-- events.on: gate.event() tells plugins what has become of an instance.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("events", function()
  before_each(probe.reset)
  after_each(probe.reset)

  -- A plugin whose init is given, and whose request handler answers with self.heard.
  local function plugin(init)
    return probe.handler("request", "return 200, table.concat(self.heard, ' ')",
      { init = "self.heard = {}\nlocal function hear(s) self.heard[#self.heard + 1] = s end\n" .. init })
  end

  local function heard(p) return gate.request(p).body end

  local function errors()
    local list = {}
    for _, line in ipairs(gate.logged()) do
      if line.level == "error" then list[#list + 1] = line end
    end
    return list
  end

  it("tell what a breaker has done", function()
    local p = plugin [[
      events.on("breaker", function(e)
        hear(("%s %s %s %s->%s %d/%d"):format(e.kind, e.service, e.instance, e.from, e.to, e.failed, e.total))
        hear(tostring(e.by) .. tostring(e.why) .. tostring(e.time == time()))
      end)]]
    gate.event("breaker", { service = "users", instance = "http://u:1", failed = 6, total = 8 })
    assert.equal("breaker users http://u:1 closed->open 6/8 nilniltrue", heard(p))
  end)

  it("tell of health, and have no numbers then", function()
    local p = plugin [[
      events.on("health", function(e)
        hear(("%s->%s %s %s %s"):format(e.from, e.to, e.by, tostring(e.why), tostring(e.failed)))
      end)]]
    gate.event("health")
    gate.event("health", { from = "down", to = "up", by = "checks" })
    assert.equal("up->down requests the connection could not be opened nil down->up checks nil nil", heard(p))
  end)

  it("come to those that have asked for their kind, one after the other", function()
    local p = plugin [[
      for i = 1, 3 do events.on("breaker", function(e) hear(i .. e.to) end) end
      events.on("health", function() hear("health") end)]]
    gate.event("breaker")
    gate.event("breaker", { from = "open", to = "half-open" })
    assert.equal("1open 2open 3open 1half-open 2half-open 3half-open", heard(p))
  end)

  it("wait for a function that waits, and keep their order", function()
    gate.http:on("POST http://hook/", 204)
    local p = plugin [[
      events.on("breaker", function(e)
        sleep(1)
        http.post("http://hook/", { json = { to = e.to } })
        hear(e.to)
      end)]]
    for _, to in ipairs { "open", "half-open", "closed" } do gate.event("breaker", { from = "?", to = to }) end
    assert.equal("", heard(p))
    gate.clock:advance(1)
    assert.equal("open", heard(p))
    gate.clock:advance(2)
    assert.equal("open half-open closed", heard(p))
    assert.equal('{"to":"closed"}', gate.http.requests[3].body)
  end)

  it("are lost to who is too far behind, the oldest first, and that is said once", function()
    local p = plugin [[
      local n = 0
      events.on("breaker", function(e)
        if n == 0 then sleep(60) end
        n = n + 1
        self.last, self.n = e.failed, n
      end)
      events.on("breaker", function(e) self.quick = (self.quick or 0) + 1 end)]]
    for i = 1, 1000 do gate.event("breaker", { failed = i, total = 1000 }) end
    gate.clock:advance(60)
    local self = p.self
    assert.same({ 1000, 257, 1000 }, { self.last, self.n, self.quick })
    local said = {}
    for _, line in ipairs(gate.logged()) do said[#said + 1] = line.text end
    assert.same({ "plugin probe: 743 events were lost: it is too far behind" }, said)
    gate.event("breaker", { failed = 1, total = 1 })
    assert.same({ 1, 258, 1001 }, { self.last, self.n, self.quick })
  end)

  it("may start timers, which fail in the name of the plugin", function()
    local p = plugin [[
      events.on("breaker", function() timer.after(5, function() hear("later") error("on purpose") end) end)]]
    gate.event("breaker")
    gate.clock:advance(4)
    assert.equal("", heard(p))
    gate.clock:advance(2)
    assert.equal("later", heard(p))
    assert.matches("^plugin probe failed in a timer: .*on purpose", errors()[1].text)
  end)

  it("end with their own errors, and the next one is heard", function()
    local p = plugin [[
      events.on("breaker", function(e)
        hear(e.to)
        if e.to == "open" then error("on purpose") end
        if e.to == "half-open" then error({}) end
      end)
      events.on("breaker", function(e) hear("too") end)]]
    gate.event("breaker")
    gate.event("breaker", { from = "open", to = "half-open" })
    gate.event("breaker", { from = "half-open", to = "closed" })
    assert.equal("open too half-open too closed too", heard(p))
    local list = errors()
    assert.equal(2, #list)
    assert.matches("^plugin probe failed in an event: .*on purpose", list[1].text)
    assert.matches("an error that is a table", list[2].text)
    assert.equal("probe", list[1].fields.plugin)
    assert.matches(":%d+$", list[1].fields.event)
    assert.truthy(list[1].fields.traceback)
  end)

  it("are asked for in init only", function()
    local p = probe.handler("request", "events.on('breaker', function() end)")
    gate.request(p)
    assert.matches("events.on cannot be called in request: ask for events in init", errors()[1].text)
    local q = plugin "events.on('breaker', function() events.on('health', function() end) end)"
    gate.event("breaker")
    assert.matches("events.on cannot be called in an event", errors()[2].text)
    assert.equal("", heard(q))
  end)

  it("are asked for by their names", function()
    local function wrong(init)
      local _, why = pcall(plugin, init)
      return tostring(why)
    end
    assert.matches('events.on: expected "breaker" or "health", got "braker" (string); did you mean "breaker"?',
      wrong "events.on('braker', function() end)", 1, true)
    assert.matches("events.on: expected a function, got 7", wrong "events.on('health', 7)", 1, true)
    local p = plugin "events.on('health', function() hear('still') end)"
    gate.event("health")
    assert.equal("still", heard(p))
  end)

  it("have a bound on those that hear of them", function()
    local ok, why = pcall(plugin, "for _ = 1, 257 do events.on('health', function() hear('x') end) end")
    assert.is_false(ok)
    assert.matches("events.on: 256 functions hear of events already", why, 1, true)
  end)

  it("are told in specs by name only", function()
    assert.has_error(function() gate.event("weather") end,
      'gate.event: expected "breaker" or "health", got weather')
  end)
end)
