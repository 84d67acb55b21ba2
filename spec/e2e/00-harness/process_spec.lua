-- SPDX-License-Identifier: Apache-2.0
-- The harness itself: child processes, JSON, files.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the harness' processes", function()
  after_each(gate.cleanup)

  local function sh(text, options) return gate.process.run("/bin/sh", { "-c", text }, options) end

  it("give the exit code and both outputs", function()
    local r = sh("echo out; echo err >&2; exit 3")
    assert.same({ code = 3, out = "out\n", err = "err\n" }, r)
  end)

  it("tell a signal from an exit code", function()
    assert.equal("signal 9", sh("kill -9 $$").code)
  end)

  it("add to and take from the environment", function()
    local r = sh("echo $ONE${HOME-none}", { env = { ONE = "1", HOME = false } })
    assert.equal("1none\n", r.out)
  end)

  it("end with everything that they have started", function()
    local p = gate.process.start("/bin/sh", { "-c", "tail -f /dev/null & echo $!; wait" })
    gate.wait_until(function() return p.out.text:find("\n") end, "the pid")
    local pid = tonumber(p.out.text)
    assert.is_true(gate.exists(pid))
    p:destroy()
    assert.is_false(gate.exists(pid))
  end)

  it("notice an orphan that stayed behind", function()
    local p = gate.process.start("/bin/sh", { "-c", "tail -f /dev/null >&2 & exit 0" })
    assert.equal(0, p:wait())
    assert.is_true(p:has_leftovers())
    p:destroy()
    assert.is_false(p:has_leftovers())
  end)
end)


describe("the harness' JSON", function()
  it("reads what it writes", function()
    local value = { a = gate.json.array { 1, "two\n\"\\", true }, b = { c = -1.5 } }
    assert.same(value, gate.json.decode(gate.json.encode(value)))
  end)

  it("reads escapes and nested emptiness", function()
    assert.same({ s = "é\"\\/", e = {}, o = {} },
      gate.json.decode([[{"s":"\u00e9\"\\\/", "e":[], "o":{}}]]))
  end)

  it("refuses what is left over", function()
    assert.has_error(function() gate.json.decode("{} x") end)
  end)
end)
