-- SPDX-License-Identifier: Apache-2.0
-- What is repeated and what is not.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a pooled connection that closes at reuse", function()
  after_each(gate.cleanup)

  -- An upstream whose connections serve one request and close, without a word, when the next has come.
  local function closing_at_reuse(resets)
    local up = gate.upstream(function(_, connection)
      if connection.served == 1 then return 200, "fresh" end
      if resets then connection:reset() else connection:close() end
    end)
    local g = gate.proxy(up)
    assert.equal("fresh", g:get("/").body)
    return up, g
  end

  for _, method in ipairs { "GET", "HEAD", "PUT", "DELETE", "OPTIONS" } do
    it(("%s is repeated on a fresh one"):format(method), function()
      local up, g = closing_at_reuse()
      assert.equal(200, g:request(method, "/").status)
      assert.equal(2, up.accepted)
      assert.equal(3, #up.requests)
    end)
  end

  it("GET is repeated when it was reset, too", function()
    local up, g = closing_at_reuse(true)
    assert.equal(200, g:get("/").status)
    assert.equal(2, up.accepted)
  end)

  it("PUT is repeated with its whole body", function()
    local up, g = closing_at_reuse()
    local body = gate.pattern(5000)
    assert.equal(200, g:request("PUT", "/", { body = body }).status)
    assert.equal(body, up:last().body)
  end)

  it("a POST that may have been seen is not repeated", function()
    local up, g = closing_at_reuse()
    local r = g:post("/", "once")
    local posts = 0
    for _, request in ipairs(up.requests) do
      if request.method == "POST" then posts = posts + 1 end
    end
    assert.equal(1, posts)
    -- Either it went on a fresh connection from the start, or its failure is told.
    assert.is_true(r.status == 502 or (r.status == 200 and up.accepted == 2))
    assert.equal(200, g:get("/").status)
  end)
end)


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
