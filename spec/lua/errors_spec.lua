-- SPDX-License-Identifier: Apache-2.0
-- A plugin that raises costs its own request a 500, or is skipped; the log names plugin, handler, route and line.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("a plugin that raises", function()
  before_each(probe.reset)
  after_each(probe.reset)

  -- The error line of the log; there is exactly one.
  local function line()
    local found
    for _, entry in ipairs(gate.logged()) do
      if entry.level == "error" then
        assert.is_nil(found)
        found = entry.text
      end
    end
    return assert(found, "no error in the log")
  end

  it("in the request handler costs a 500", function()
    local out = probe.run 'error("kaboom")'
    assert.equal(500, out.status)
    assert.equal(200, gate.request(function() return 200 end).status)
  end)

  it("tells the client nothing of why", function()
    local out = probe.run 'error("kaboom")'
    assert.falsy((out.body or ""):find("kaboom", 1, true))
  end)

  it("is named in the log with its handler, line and route", function()
    probe.run '\nerror("kaboom")'
    local text = line()
    assert.truthy(text:find("probe", 1, true), text)
    assert.truthy(text:find("request", 1, true), text)
    assert.truthy(text:find("probe.lua:4: kaboom", 1, true), text)
  end)

  it("in the response handler costs a 500", function()
    local out = gate.response(probe.handler("response", 'error("kaboom")'), {}, { status = 200 })
    assert.equal(500, out.status)
    assert.truthy(line():find("response", 1, true))
  end)

  it("in the log handler costs nothing but a line", function()
    local out = gate.response(probe.handler("log", 'error("kaboom")'), {}, { status = 200 })
    gate.log(out)
    assert.equal(200, out.status)
    assert.truthy(line():find("log", 1, true))
  end)

  it("keeps those below it from running", function()
    local ran = false
    local out = gate.request(gate.chain {
      probe.handler("request", 'error("kaboom")'),
      function() ran = true end,
    })
    assert.equal(500, out.status)
    assert.is_false(ran)
  end)

  it("lets those above see the 500", function()
    local seen
    local above = probe.handler("response", "req.ctx.seen = res.status", { name = "above" })
    local out = gate.request(gate.chain { above, probe.handler("request", 'error("kaboom")') })
    seen = out.req.ctx.seen
    assert.equal(500, seen)
  end)

  it("is skipped when on_error says so", function()
    local ran = false
    local out = gate.request(gate.chain {
      probe.handler("request", 'error("kaboom")', { settings = { on_error = "skip" } }),
      function() ran = true return 200, "went on" end,
    })
    assert.equal(200, out.status)
    assert.is_true(ran)
    assert.truthy(line():find("kaboom", 1, true))
  end)

  it("is skipped in the response handler when on_error says so", function()
    local p = probe.handler("response", 'error("kaboom")', { settings = { on_error = "skip" } })
    assert.equal(200, gate.response(p, {}, { status = 200 }).status)
  end)

  it("is named by the name of its use", function()
    gate.request(probe.handler("request", 'error("kaboom")', { settings = { name = "first-door" } }))
    assert.truthy(line():find("first-door", 1, true))
  end)

  it("may raise a table, or nothing", function()
    assert.equal(500, probe.run("error({ code = 7 })").status)
    assert.equal(500, gate.request(probe.handler("request", "error()", { name = "other" })).status)
  end)

  it("may fail in C code with a Lua error", function()
    assert.equal(500, probe.run 'local s = ("x"):rep(2, 3, {}):bad()'.status)
    assert.truthy(line():find("probe.lua:3", 1, true))
  end)

  it("may recurse without end", function()
    assert.equal(500, probe.run "local function f() return 1 + f() end f()".status)
    assert.truthy(line():find("stack overflow", 1, true))
  end)

  it("can catch its own errors", function()
    local out = probe.run 'local ok, why = pcall(error, "mine") return 200, tostring(ok) .. why'
    assert.equal("falsemine", out.body)
    assert.same({}, gate.logged())
  end)

  it("does not stop the next request of its own", function()
    local p = probe.handler("request", 'if req.path == "/bad" then error("kaboom") end return 200')
    assert.equal(500, gate.request(p, "GET /bad").status)
    assert.equal(200, gate.request(p, "GET /good").status)
  end)
end)
