-- SPDX-License-Identifier: Apache-2.0
-- The harness itself: actors, barriers, deadlines, and failures that must not go unseen.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("the harness' loop", function()
  after_each(gate.cleanup)

  it("lets actors meet at a barrier, whoever comes first", function()
    local met, order = gate.barrier(3), {}
    local tasks = {}
    for i = 1, 2 do
      tasks[i] = gate.go("actor " .. i, function()
        met:meet()
        order[#order + 1] = i
      end)
    end
    assert.same({}, order)
    met:meet()
    for _, task in ipairs(tasks) do task:join() end
    assert.same({ 1, 2 }, order)
  end)

  it("hands the results and the error of an actor to who joins it", function()
    assert.same({ 1, nil, 3 }, { gate.go("a", function() return 1, nil, 3 end):join() })
    assert.has_error(function() gate.go("b", function() error("no", 0) end):join() end, "no")
  end)

  it("says what was waited for in vain", function()
    local never = function() return false end
    assert.matches("waited in vain for the moon",
      gate.error_of(gate.wait_until, never, "the moon", 0.01))
  end)

  it("fails the spec when an upstream's script fails", function()
    local up = gate.upstream(function() error("the script is wrong", 0) end)
    local c = gate.connect(up.address)
    assert.matches("the script is wrong", gate.error_of(c.get, c, "/"))
  end)

  it("fails cleanup when a script failed unseen", function()
    gate.go("script", function() error("unseen", 0) end):detach()
    assert.matches("unseen", gate.error_of(gate.cleanup))
  end)

  it("refuses a message that is not strict HTTP", function()
    local up = gate.upstream { script = function(connection)
      connection:send("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n")
      connection:wait_end()
    end }
    local c = gate.connect(up.address)
    assert.matches("a bare CR or LF", gate.error_of(c.get, c, "/"))
  end)
end)


describe("the harness' upstream", function()
  after_each(gate.cleanup)

  local function try(address)
    return pcall(gate.connect, address)
  end

  it("refuses connections while it is down and comes back at the same port", function()
    local up = gate.upstream()
    up:go_down()
    assert.is_false((try(up.address)))
    up:come_back()
    assert.equal(200, gate.connect(up.address):get("/").status)
  end)

  it("can start dead", function()
    assert.is_false((try(gate.upstream({ down = true }).address)))
  end)

  it("listens on unix sockets too", function()
    local up = gate.upstream { address = "unix:" .. gate.dir():join("s") }
    assert.equal(200, gate.connect(up.address):get("/").status)
  end)

  it("has a black hole where a connection never comes about", function()
    local address = gate.black_hole():match("//(.*)")
    local late = gate.go("late", function() return gate.connect(address) end)
    gate.pause(0.05)
    assert.is_nil(late.done)
  end)
end)
