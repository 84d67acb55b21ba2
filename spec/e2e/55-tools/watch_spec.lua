-- SPDX-License-Identifier: Apache-2.0
-- lunette test --watch: the specs run again when a source is saved.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local gateway = require "spec.support.gateway"
local process = gate.process


describe("lunette test --watch", function()
  local d, p

  before_each(function()
    d = gate.dir()
    d:write("spec/a_spec.lua", 'it("one", function() end)')
    p = process.start(gateway.binary(), { "test", "--watch" }, { cwd = d.path })
  end)

  after_each(function()
    p:destroy()
    gate.cleanup()
  end)

  -- Waits for the end of run number n and gives what it said.
  local function finished(n)
    local at = 1
    gate.wait_until(function()
      local ends = {}
      for first, last in p.out.text:gmatch("()watching %d+ folders; Ctrl%-C ends\n()") do
        ends[#ends + 1] = { first, last }
      end
      if #ends < n then return false end
      at = n > 1 and ends[n - 1][2] or 1
      return true
    end, function() return ("run %d: %s%s"):format(n, p.out.text, p.err.text) end)
    return p.out.text:sub(at)
  end

  local function ends()
    p:signal(process.INT)
    assert.equal(0, p:wait(10))
    assert.is_false(p:has_leftovers())
  end

  it("runs once, and again when a spec is saved", function()
    assert.matches("1 success / 0 failures", finished(1), 1, true)
    d:write("spec/a_spec.lua", 'it("one", function() error("broken") end)')
    assert.matches("0 successes / 0 failures / 1 error", finished(2), 1, true)
    d:write("spec/a_spec.lua", 'it("one", function() end) it("two", function() end)')
    assert.matches("2 successes", finished(3), 1, true)
    ends()
  end)

  it("runs again for a plugin in a folder that was not there before", function()
    finished(1)
    d:write("plugins/new.lua", "-- nothing yet\n")
    finished(2)
    d:write("plugins/new.lua", "-- nothing, again\n")
    finished(3)
    ends()
  end)

  it("is not set off by what is no source, or by itself", function()
    finished(1)
    d:write("spec/a_spec.lua", [[it("writes", function()
      local f = io.open("made.txt", "w") f:write(tostring(os.clock())) f:close()
    end)]])
    finished(2)
    d:write("notes.txt", "x")
    d:write(".hidden/x.lua", "x")
    d:write("spec/b_spec.lua", 'it("two", function() end)') -- the next run is for this
    assert.matches("2 successes", finished(3), 1, true)
    ends()
  end)

  it("waits for a run that is going on, and then runs again", function()
    finished(1)
    d:write("go", "")
    d:write("spec/a_spec.lua", [[it("waits for the file", function()
      io.stdout:write("here\n") io.stdout:flush()
      while io.open("go") do end
    end)]])
    gate.wait_until(function() return p.out.text:find("here\n", 1, true) end, "the second run")
    d:write("spec/a_spec.lua", 'it("last", function() end) it("one more", function() end)')
    os.remove(d:join("go"))
    gate.wait_until(function() return p.out.text:find("here\n.*1 success ") end, "its end")
    gate.wait_until(function() return p.out.text:find("2 successes", 1, true) end, "the third run")
    ends()
  end)

  it("ends in the middle of a run", function()
    finished(1)
    d:write("spec/a_spec.lua", [[it("stays", function()
      io.stdout:write("here\n") io.stdout:flush()
      while true do end
    end)]])
    gate.wait_until(function() return p.out.text:find("here\n", 1, true) end, "the second run")
    ends()
  end)
end)
