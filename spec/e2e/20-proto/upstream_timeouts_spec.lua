-- SPDX-License-Identifier: Apache-2.0
-- Deadlines towards the upstream, set to fractions of a second.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


-- Runs f; the seconds it took.
local function took(f)
  local from = gate.now()
  f()
  return gate.now() - from
end


describe("timeouts towards the upstream", function()
  after_each(gate.cleanup)

  local function stalled(options)
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/stall" then return 200, "good" end
      connection:wait_end()
      connection:close()
    end)
    return up, gate.proxy(up, options)
  end

  it("gateway.timeout: 504 when the answer does not begin", function()
    local up, g = stalled { gateway = { timeout = "500ms" }, service = { retries = { tries = 1 } } }
    local r
    local seconds = took(function() r = g:get("/stall") end)
    assert.equal(504, r.status)
    assert.is_true(seconds > 0.45)
    up:wait_open(0)
    assert.equal("good", g:get("/").body)
  end)

  it("timeouts.firstByte of the service is stronger", function()
    local _, g = stalled { gateway = { timeout = 30 },
      service = { timeouts = { firstByte = "150ms" }, retries = { tries = 1 } } }
    assert.equal(504, g:get("/stall").status)
  end)

  it("is never a total: an answer that keeps coming may take longer", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
      connection:trickle("0123456789", 0.1)
    end)
    local g = gate.proxy(up, { gateway = { timeout = "800ms" } })
    assert.equal("0123456789", g:get("/").body)
  end)

  it("gateway.timeout: silence inside an answer ends it, unclean", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      connection:wait_end()
    end)
    local g = gate.proxy(up, { gateway = { timeout = "200ms" } })
    local r = g:get("/")
    assert.is_false(r.complete)
    up:wait_open(0)
  end)

  it("timeouts.idle of the service is for silence inside an answer", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. gate.http.chunk("a"))
      connection:wait_end()
    end)
    local g = gate.proxy(up, { service = { timeouts = { idle = "150ms" } } })
    assert.is_false(g:get("/").complete)
  end)

  it("timeouts.total of the service bounds even an answer that keeps coming", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
      connection:trickle(("x"):rep(1000), 0.01)
    end)
    local g = gate.proxy(up, { service = { timeouts = { total = "250ms" } } })
    assert.is_false(g:get("/").complete)
    up:wait_open(0)
  end)

  it("firstByte: another instance is tried, for GET", function()
    local bad = gate.upstream(function(_, connection) connection:wait_end() end)
    local g = gate.proxy({ bad, gate.upstream() }, { service = { timeouts = { firstByte = "400ms" } } })
    for _ = 1, 2 do assert.equal(200, g:get("/").status) end
    assert.is_true(#bad.requests >= 1)
  end)

  it("retries.perTry bounds every attempt", function()
    local bad = gate.upstream(function(_, connection) connection:wait_end() end)
    local g = gate.proxy({ bad, gate.upstream() }, { service = { retries = { perTry = "400ms" } } })
    for _ = 1, 2 do assert.equal(200, g:get("/").status) end
    assert.is_true(#bad.requests >= 1)
  end)

  it("timeouts.connect: 504 when no connection comes about", function()
    local g = gate.proxy({ gate.black_hole() }, { service = {
      timeouts = { connect = "150ms" }, retries = { tries = 1 },
    } })
    local r
    local seconds = took(function() r = g:get("/") end)
    assert.equal(504, r.status)
    assert.is_true(seconds > 0.1 and seconds < 3 * gate.slow)
  end)

  it("timeouts.connect: another instance is tried", function()
    local up = gate.upstream()
    local g = gate.proxy({ gate.black_hole(), up }, { service = { timeouts = { connect = "150ms" } } })
    for _ = 1, 3 do assert.equal(200, g:get("/").status) end
  end)
end)
