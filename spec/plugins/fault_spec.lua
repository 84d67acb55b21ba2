-- SPDX-License-Identifier: Apache-2.0
-- plugins/fault.lua

local gate = require "lunette.spec"

describe("fault", function()
  before_each(gate.reset)

  -- The outcome, and for how long the request was held.
  local function ask(plugin, request)
    local before = gate.clock:now()
    local out = gate.request(plugin, request or {})
    return out, gate.clock:now() - before
  end

  local function with(settings, headers)
    return ask(gate.plugin("fault", settings), { headers = headers })
  end

  it("holds requests, and lets them go on", function()
    local out, held = with { delay = { time = "250ms" } }
    assert.is_nil(out.status)
    assert.near(0.25, held, 0.001)
    assert.equal(1, gate.metrics 'fault_injected_total{route="spec",kind="delay"}')
    assert.is_nil(gate.metrics 'fault_injected_total{route="spec",kind="abort"}')
  end)

  it("holds them for as long as chance says", function()
    local plugin = gate.plugin("fault", { delay = { time = 1, upto = 3 } })
    local least, most = math.huge, 0
    for _ = 1, 200 do
      local _, held = ask(plugin)
      least, most = math.min(least, held), math.max(most, held)
    end
    assert.is_true(least >= 0.999 and least < 1.2, tostring(least))
    assert.is_true(most <= 3.001 and most > 2.8, tostring(most))
  end)

  it("answers in place of the service", function()
    local out, held = with { abort = { status = 504, message = "Not today" } }
    assert.equal(504, out.status)
    assert.equal("fault_injected", out.headers["X-Lunette-Reason"])
    assert.equal("Not today", out:json().error)
    assert.equal(0, held)
    assert.equal(503, with({ abort = {} }).status)
    assert.equal(2, gate.metrics 'fault_injected_total{route="spec",kind="abort"}')
  end)

  it("does both, one after the other", function()
    local out, held = with { delay = { time = 2 }, abort = {} }
    assert.equal(503, out.status)
    assert.near(2, held, 0.001)
  end)

  -- Of 2,000 requests a share has a spread of at most 22.4: six of those either way.
  for share, expected in pairs { [0] = { 0, 0 }, [2.5] = { 5, 95 }, [50] = { 866, 1134 }, [100] = { 2000, 2000 } } do
    it(("does so to %s %% of the requests"):format(share), function()
      local plugin = gate.plugin("fault", { delay = { time = 1, share = share }, abort = { share = share } })
      local aborted, delayed = 0, 0
      for _ = 1, 2000 do
        local out, held = ask(plugin)
        if out.status == 503 then aborted = aborted + 1 end
        if held > 0 then delayed = delayed + 1 end
      end
      for _, n in ipairs { aborted, delayed } do assert.is_true(n >= expected[1] and n <= expected[2], tostring(n)) end
    end)
  end

  it("draws for the two apart from each other", function()
    local plugin = gate.plugin("fault", { delay = { time = 1, share = 50 }, abort = { share = 50 } })
    local seen = {}
    for _ = 1, 200 do
      local out, held = ask(plugin)
      seen[tostring(out.status) .. (held > 0 and " late" or "")] = true
    end
    assert.same({ ["nil"] = true, ["nil late"] = true, ["503"] = true, ["503 late"] = true }, seen)
  end)

  it("touches only requests with certain headers", function()
    local settings = { abort = {}, only = { ["X-Test"] = "yes", ["X-Team"] = "*" } }
    assert.equal(503, with(settings, { ["x-test"] = "yes", ["X-Team"] = "a" }).status)
    for _, headers in ipairs { {}, { ["X-Test"] = "yes" }, { ["X-Test"] = "no", ["X-Team"] = "a" } } do
      assert.is_nil(with(settings, headers).status)
    end
  end)

  describe("that requests ask for", function()
    it("comes as they say", function()
      local out, held = with({ ask = true }, { ["X-Fault-Delay"] = "250", ["X-Fault-Abort"] = "429" })
      assert.equal(429, out.status)
      assert.near(0.25, held, 0.001)
      out, held = with({ ask = true })
      assert.is_nil(out.status)
      assert.equal(0, held)
    end)

    it("comes before what the settings say", function()
      local settings = { ask = true, delay = { time = 5 }, abort = { status = 500 } }
      local out, held = with(settings, { ["X-Fault-Delay"] = "10", ["X-Fault-Abort"] = "418" })
      assert.equal(418, out.status)
      assert.near(0.01, held, 0.001)
    end)

    it("has bounds", function()
      local _, held = with({ ask = true, longest = "2s" }, { ["X-Fault-Delay"] = "999999999" })
      assert.near(2, held, 0.001)
      for _, status in ipairs { "200", "399", "600", "-503", "5e2", "503x", "", "0x1f7", "99999999999999999999" } do
        assert.is_nil(with({ ask = true }, { ["X-Fault-Abort"] = status }).status, status)
      end
      for _, delay in ipairs { "-1", "1e3", "nan", "inf", "10s", "9999999999" } do
        _, held = with({ ask = true }, { ["X-Fault-Delay"] = delay })
        assert.equal(0, held, delay)
      end
    end)

    it("does not come without ask, or to requests that only leaves out", function()
      local headers = { ["X-Fault-Delay"] = "250", ["X-Fault-Abort"] = "429" }
      local out, held = with({ abort = { share = 0 } }, headers)
      assert.is_nil(out.status)
      assert.equal(0, held)
      assert.is_nil(with({ ask = true, only = { ["X-Test"] = "*" } }, headers).status)
    end)
  end)

  it("explains wrong settings", function()
    local function refuses(settings, message)
      assert.has_error(function() gate.plugin("fault", settings) end, message)
    end
    refuses({}, "fault:\n  delay: required, or abort, or ask")
    refuses({ delay = {} },
      'fault:\n  delay.time: required: expected a duration such as "250ms", "30s" or "5m" of at most 1h')
    refuses({ delay = { time = 2, upto = 1 } }, "fault:\n  delay.upto: expected at least as long as time")
    refuses({ abort = { share = 101 } }, "fault:\n  abort.share: expected a number from 0 to 100, got 101 (number)")
    refuses({ abort = { status = 200 } },
      "fault:\n  abort.status: expected an integer from 400 to 599, got 200 (number)")
    refuses({ abort = { stauts = 503 } }, 'fault:\n  abort.stauts: unknown setting; did you mean "status"?')
  end)
end)
