-- SPDX-License-Identifier: Apache-2.0
-- An instance that closes idle connections after a while, and says so to nobody.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- Seconds. Ages that agree are within a quarter of each other, as the gateway sees them: a quarter that a busy machine does not
-- add to one of them.
local AGE = 1


describe("an instance that closes idle connections", function()
  after_each(gate.cleanup)

  -- Closes connections that were silent for so many seconds after a response; `closed` counts.
  local function hasty(seconds)
    local it = { closed = 0, left = 0, seconds = seconds }
    it.up = gate.upstream { script = function(connection)
      while true do
        if connection.served > 0 and it.seconds and connection.socket:is_silent(it.seconds) then
          it.closed = it.closed + 1
          return
        end
        if not connection:read_request() then
          it.left = it.left + 1
          return
        end
        connection:respond(200, tostring(connection.served))
      end
    end }
    return it
  end

  local function count(g, name)
    return tonumber(g:cli("metrics", "--control", g.control).out:match("\n" .. name .. " (%d+)\n"))
  end

  local function let_go(it, g)
    local before = it.closed + it.left
    assert.equal(200, g:get("/").status)
    gate.eventually(function() return it.closed + it.left > before end, "the end of an idle connection")
  end

  it("is left before it does, once it has done so three times", function()
    local it = hasty(AGE)
    local g = gate.proxy(it.up)
    for _ = 1, 3 do let_go(it, g) end
    assert.equal(3, it.closed)
    assert.equal(3, count(g, "lunette_idle_lost_total"))
    -- A scout sees whether that is still so; one that is closed late has outlived it, and another is sent.
    local in_a_row, tries = 0, 0
    while in_a_row < 3 do
      tries = tries + 1
      assert.is_true(tries < 12, "it is not left")
      local before = it.left
      let_go(it, g)
      in_a_row = it.left > before and in_a_row + 1 or 0
    end
    assert.is_true(it.closed >= 4, "there was no scout")
    assert.equal(it.left, count(g, "lunette_idle_dropped_total"))
    assert.equal("1", g:get("/").body)
    assert.equal("2", g:get("/").body) -- what is young is lent as ever
  end)

  it("is trusted again when it has changed its ways", function()
    local it = hasty(AGE)
    local g = gate.proxy(it.up)
    for _ = 1, 3 do let_go(it, g) end
    it.seconds = nil
    for _ = 1, 2 do let_go(it, g) end -- two scouts
    g:get("/")
    local number = it.up.accepted
    gate.pause(1.5 * AGE)
    g:get("/")
    assert.equal(number, it.up.accepted)
  end)
end)
