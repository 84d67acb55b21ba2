-- SPDX-License-Identifier: Apache-2.0
-- What is repeated at another instance, how often, and what is not.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("an attempt that fails on a fresh connection", function()
  after_each(gate.cleanup)

  local function breaking()
    return gate.upstream { name = "breaking", handler = function(_, connection) connection:reset() end }
  end

  it("GET is repeated at another instance", function()
    local bad, good = breaking(), gate.upstream { name = "good" }
    local g = gate.proxy { bad, good }
    for _ = 1, 4 do assert.equal("good", g:get("/").body) end
  end)

  it("POST is not: 502", function()
    local bad, good = breaking(), gate.upstream { name = "good" }
    local g = gate.proxy { bad, good }
    local counts = { [200] = 0, [502] = 0 }
    for _ = 1, 2 do
      local status = g:post("/", "x").status
      counts[status] = counts[status] + 1
    end
    assert.same({ [200] = 1, [502] = 1 }, counts)
    assert.equal(1, #bad.requests)
  end)

  it("is not repeated once something went downstream", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      connection:reset()
    end)
    local g = gate.proxy(up, { service = { retries = { tries = 3 } } })
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    assert.equal(200, c:read_head().status)
    c.socket:read_all()
    assert.equal(1, #up.requests)
  end)

  it("tries: bounds the attempts", function()
    local bad = { breaking(), breaking(), breaking(), breaking() }
    local g = gate.proxy(bad, { service = { retries = { tries = 3 } } })
    assert.equal(502, g:get("/").status)
    local seen = 0
    for _, up in ipairs(bad) do
      assert.is_true(#up.requests <= 1)
      seen = seen + #up.requests
    end
    assert.equal(3, seen)
  end)

  it("tries: 1 means never again", function()
    local bad, good = breaking(), gate.upstream()
    local g = gate.proxy({ bad, good }, { service = { retries = { tries = 1 } } })
    local failed = 0
    for _ = 1, 2 do
      if g:get("/").status == 502 then failed = failed + 1 end
    end
    assert.equal(1, failed)
  end)

  it("on: timeout is not among the reasons unless named", function()
    local asked = 0
    local function stall(_, connection)
      asked = asked + 1
      connection:wait_end()
    end
    local g = gate.proxy({ gate.upstream(stall), gate.upstream(stall) },
      { service = { timeouts = { firstByte = "100ms" }, retries = { on = { "connect" } } } })
    assert.equal(504, g:get("/").status)
    assert.equal(1, asked)
  end)
end)
