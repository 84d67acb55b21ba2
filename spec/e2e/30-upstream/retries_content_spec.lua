-- SPDX-License-Identifier: Apache-2.0
-- retries.keep: content that came in pieces is sent again, up to a bound.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("content for a repeat", function()
  after_each(gate.cleanup)

  -- Reads `most` bytes of an upload, then breaks; answers the small request behind it.
  local function breaking(most)
    return gate.upstream { head_only = true, handler = function(request, connection)
      local n = 0
      if request.target == "/next" then
        connection:read_body(request)
        return 200, "next"
      end
      while n < most do n = n + #assert(connection:recv(most - n)) end
      connection:reset()
    end }
  end

  local function start(bad, retries, options)
    retries.backoff = retries.backoff or { base = 0 }
    local good = gate.upstream(function(request) return 200, request.body end)
    options = options or {}
    options.service = { retries = retries, breaker = "off" }
    return gate.proxy({ bad, good }, options), good
  end

  local function head(method, length)
    return ("%s / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n"):format(method,
      length and "Content-Length: " .. length or "Transfer-Encoding: chunked")
  end

  -- Two uploads, in pieces: one of them meets the instance that breaks. Behind each stands another request.
  local function upload(g, body, piece, chunked, then_ask)
    for _ = 1, 2 do
      local c = gate.client(g):send(head("PUT", not chunked and #body))
      for at = 1, #body, piece do
        local part = body:sub(at, at + piece - 1)
        if chunked then part = ("%x\r\n%s\r\n"):format(#part, part) end
        c:send(part)
        gate.pause(0.002)
      end
      c:send((chunked and "0\r\n\r\n" or "") .. gate.http.request("PUT", "/next", { body = "next" }))
      then_ask(c, body)
    end
  end

  local function expect_both(c, body)
    local r = c:read("PUT")
    assert.equal(200, r.status)
    assert.is_true(body == r.body)
    assert.equal(200, c:read("PUT").status)
  end

  for _, chunked in ipairs { false, true } do
    local kind = chunked and "in chunks" or "of a known length"

    it(kind .. " that came in pieces is sent again, and the next request is whole", function()
      for _, at in ipairs { 1, 5000, 39000 } do
        local bad = breaking(at)
        local g, good = start(bad, {})
        upload(g, gate.pattern(40000), 4000, chunked, expect_both)
        for _, request in ipairs(good.requests) do assert.is_true(request.complete) end
        gate.cleanup()
      end
    end)

    it(kind .. " is lost beyond the bound", function()
      local bad = breaking(30000)
      local g = start(bad, { keep = "10k" })
      local statuses = {}
      upload(g, gate.pattern(40000), 4000, chunked, function(c)
        local r = c:read("PUT")
        statuses[#statuses + 1] = r and r.status or 0
      end)
      table.sort(statuses)
      assert.same({ 200, 502 }, { math.min(200, statuses[1]), statuses[2] })
    end)
  end

  it("survives several attempts, and what comes meanwhile", function()
    local first, second = breaking(10000), breaking(20000)
    local good = gate.upstream(function(request) return 200, request.body end)
    local g = gate.proxy({ first, second, good },
      { service = { retries = { tries = 3, backoff = { base = "30ms", max = "30ms" } }, breaker = "off" } })
    for _ = 1, 3 do upload(g, gate.pattern(60000), 3000, false, expect_both) end
  end)

  it("that nobody takes does not swallow the next request", function()
    local bad = breaking(20000)
    local g = gate.proxy(bad, { service = { retries = { tries = 2 }, breaker = "off" } })
    upload(g, gate.pattern(40000), 4000, true, function(c)
      local r = c:read("PUT")
      assert.is_true(r.status == 502 or r.status == 503)
      local next_one = c:read("PUT")
      assert.is_true(next_one == nil or next_one.status >= 500 or next_one.body == "next")
    end)
  end)
end)
