-- SPDX-License-Identifier: Apache-2.0
-- retries.statuses: answers that are tried again elsewhere, and the answer that the client gets in the end.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("a status among retries.statuses", function()
  after_each(gate.cleanup)

  local function answering(status, body)
    return gate.upstream { name = body, handler = function() return status, body, { "X-From: " .. body } end }
  end

  local function start(ups, retries, more)
    retries.statuses = retries.statuses or { 502, "503-504" }
    local service = { retries = retries, breaker = "off" }
    for key, value in pairs(more or {}) do service[key] = value end
    return gate.proxy(ups, { service = service })
  end

  it("is tried again at another instance", function()
    local bad, good = answering(503, "bad"), answering(200, "good")
    local g = start({ bad, good }, {})
    for _ = 1, 6 do
      local r = g:get("/")
      assert.equal(200, r.status)
      assert.same({ "good" }, { r.body })
      assert.equal("good", r.headers["X-From"])
    end
    assert.equal(3, #bad.requests)
    assert.equal(6, #good.requests)
  end)

  it("reaches the client as the instance gave it when no try is left", function()
    local a, b, c = answering(503, "a"), answering(503, "b"), answering(503, "c")
    local g = start({ a, b, c }, { tries = 3 })
    local r = g:get("/")
    assert.equal(503, r.status)
    assert.is_nil(r.headers["X-Lunette-Reason"])
    assert.equal(r.headers["X-From"], r.body)
    assert.same({ 1, 1, 1 }, { #a.requests, #b.requests, #c.requests })
  end)

  it("reaches the client when no other instance is up", function()
    local bad, gone = answering(503, "bad"), answering(200, "gone")
    gone:go_down()
    local g = start({ { url = bad, maxConnections = 1 }, gone }, { tries = 4 })
    for _ = 1, 6 do
      local r = g:get("/")
      assert.equal(503, r.status)
      assert.equal("bad", r.body)
    end
  end)

  it("of a POST is the answer, and so is one that is not among them", function()
    local bad, good = answering(503, "bad"), answering(200, "good")
    local g = start({ bad, good }, {})
    local seen = { [200] = 0, [503] = 0 }
    for _ = 1, 4 do
      local status = g:post("/", "x").status
      seen[status] = seen[status] + 1
    end
    assert.same({ [200] = 2, [503] = 2 }, seen)

    local other = start({ answering(500, "other") }, {})
    assert.equal(500, other:get("/").status)
  end)

  it("leaves its connection for the next request, or closes it", function()
    local bad, good = answering(503, "bad"), answering(200, "good")
    local g = start({ bad, good }, { backoff = { base = 0 } })
    for _ = 1, 8 do assert.equal("good", g:get("/").body) end
    assert.equal(1, bad.accepted)
    local endless = gate.upstream { handler = function(_, connection)
      connection:send("HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nbegin")
      connection:wait_end()
    end }
    local h = start({ endless, good }, { backoff = { base = 0 } })
    for _ = 1, 4 do assert.equal("good", h:get("/").body) end
    assert.equal(2, endless.accepted)
    endless:wait_open(0)
  end)

  it("waits as backoff says, holding the answer for the case that nobody else is there", function()
    local bad = answering(503, "bad")
    local g = start(bad, { tries = 3, backoff = { base = "20ms", max = "30ms" } })
    local r = g:get("/")
    assert.equal("bad", r.body)
    assert.equal(3, #bad.requests)
    local c = gate.client(g):send(gate.http.request("GET", "/1") .. gate.http.request("GET", "/2"))
    assert.equal("bad", c:read().body)
    assert.equal("bad", c:read().body)
    assert.equal(9, #bad.requests)
  end)

  it("ends at timeouts.total", function()
    local bad = answering(503, "bad")
    local g = start(bad, { tries = 2, backoff = { base = "1h", max = "1h" } }, { timeouts = { total = "200ms" } })
    local r = g:get("/")
    assert.equal(504, r.status)
    assert.equal("total_timeout", r.headers["X-Lunette-Reason"])
    bad:wait_requests(1)
    local c = gate.client(g):send(gate.http.request("GET", "/left"))
    bad:wait_requests(2)
    c:reset()
    bad:wait_open(0)
  end)
end)
