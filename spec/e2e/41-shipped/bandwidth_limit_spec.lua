-- SPDX-License-Identifier: Apache-2.0
-- bandwidth-limit and rateLimit.bandwidth: content goes no faster than it may, all of it arrives, and nobody's patience ends
-- for it. Times are measured from below; from above only where slowness would be a fault, and then widely.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local KIB = 1024


local function text(size) return ("0123456789abcdef"):rep(size / 16) end


local function chunked(bytes, size)
  local parts = {}
  for at = 1, #bytes, size do
    local piece = bytes:sub(at, at + size - 1)
    parts[#parts + 1] = ("%x\r\n%s\r\n"):format(#piece, piece)
  end
  return table.concat(parts) .. "0\r\n\r\n"
end


-- What f gave, and the seconds it took.
local function timed(f)
  local from = gate.now()
  local result = f()
  return result, gate.now() - from
end


describe("a bandwidth", function()
  after_each(gate.cleanup)

  -- /PATH?SIZE answers with that many KiB, /chunked likewise in chunks, /close until the connection is closed.
  local function upstream()
    return gate.upstream(function(request, connection)
      local path, size = request.target:match("^/([^?]*)%??(%d*)")
      local body = text((tonumber(size) or 0) * KIB)
      if path == "chunked" then
        connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. chunked(body, 3000), 60)
      elseif path == "close" then
        connection:send("HTTP/1.1 200 OK\r\n\r\n" .. body, 60)
        connection:close()
      else
        return 200, request.method == "POST" and tostring(#request.body) or body, { ["Content-Type"] = "text/plain" }
      end
    end)
  end

  -- `use` is what the routes of everything say.
  local function start(use, options)
    options = options or {}
    options.services = { { name = "main", instances = { options.up or upstream() }, timeouts = options.patience } }
    options.up, options.patience = nil, nil
    options.routes = ('local main = service "main"\nany "/*" { to = main, %s }'):format(use)
    return gate.start(options)
  end

  local function get(g, path, size, headers)
    local r = g:get(path .. "?" .. size, { headers = headers, timeout = 30 })
    assert.equal(200, r.status)
    assert.equal(size * KIB, #r.body)
    assert.is_true(r.body == text(size * KIB))
    return r
  end

  it("lets a burst go at once and the rest at its rate, in every framing", function()
    local g = start 'use "bandwidth-limit" { download = "100k", burst = "60k", each = true }'
    for _, path in ipairs { "/length", "/chunked", "/close" } do
      local _, fast = timed(function() return get(g, path, 48) end)
      local _, slow = timed(function() return get(g, path, 160) end)
      assert.is_true(slow >= 0.98, path .. " took " .. slow)
      assert.is_true(fast < 0.3 * gate.slow, path .. " took " .. fast)
    end
  end)

  it("goes on with the connection afterwards", function()
    local g = start 'use "bandwidth-limit" { download = "100k", burst = "10k" }'
    local c = gate.client(g)
    for _ = 1, 3 do
      local r = c:get("/length?20")
      assert.equal(20 * KIB, #r.body)
    end
    c:send(("GET /length?10 HTTP/1.1\r\nHost: x\r\n\r\n"):rep(3))
    for _ = 1, 3 do assert.equal(10 * KIB, #c:read("GET", 20).body) end
  end)

  it("is shared by the connections of a client over all workers, and by nobody else", function()
    local g = start('use "bandwidth-limit" { download = "100k", burst = "20k", by = "header:X-Who" }', { workers = 2 })
    local from, took = gate.now(), {}
    for i = 1, 4 do
      gate.go("client " .. i, function()
        get(g, "/length", 40, { "X-Who: same" })
        took[#took + 1] = gate.now() - from
      end)
    end
    local _, other = timed(function() return get(g, "/length", 20, { "X-Who: other" }) end)
    gate.eventually(function() return #took == 4 end, "all of them", 20)
    assert.is_true(took[4] >= 1.35, "160 KiB took " .. took[4])
    assert.is_true(took[1] >= 0.5, "the first one was done after " .. took[1]) -- they take turns
    assert.is_true(other < took[1], "another one waited " .. other)
  end)

  it("slows down what clients send, and their service waits with them", function()
    local g = start('use "bandwidth-limit" { upload = "100k", burst = "20k" }',
      { patience = { firstByte = "300ms", idle = "300ms" } })
    for _, options in ipairs { {}, { chunked = true } } do
      local body = text(80 * KIB)
      local r, took = timed(function()
        local c = gate.client(g)
        if options.chunked then
          c:send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" .. chunked(body, 5000), 20)
        else
          c:send(("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body), 20)
        end
        return c:read("POST", 20)
      end)
      assert.equal(200, r.status)
      assert.equal(tostring(#body), r.body)
      assert.is_true(took >= 0.55, "took " .. took)
    end
  end)

  it("is nobody's silence: what waits for it runs into no timeout", function()
    -- A piece each second, while everybody's patience is much shorter.
    local g = start('use "bandwidth-limit" { download = "1k", upload = "1k", burst = 0 }',
      { gateway = { timeout = "600ms", limits = { bodyRate = "100k", bodyGrace = "200ms" } },
        patience = { firstByte = "600ms", idle = "600ms" } })
    local r, took = timed(function() return get(g, "/length", 2) end)
    assert.equal(200, r.status)
    assert.is_true(took >= 0.9, "took " .. took)
    local c = gate.client(g)
    c:send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2048\r\n\r\n" .. text(2048))
    assert.equal("2048", c:read("POST", 20).body)
  end)

  it("does not shelter a client that sends too slowly by itself", function()
    local g = start('use "bandwidth-limit" { upload = "1m" }',
      { gateway = { limits = { bodyRate = "100k", bodyGrace = "200ms" } } })
    local c = gate.client(g)
    c:send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    gate.go("a slow sender", function()
      for _ = 1, 100 do
        if not pcall(c.send, c, "x", 1) then return end
        gate.pause(0.02)
      end
    end)
    assert.equal(408, c:read("POST", 20).status)
  end)

  it("still ends with timeouts.total", function()
    local g = start('use "bandwidth-limit" { download = "1k", burst = 0 }', { patience = { total = "300ms" } })
    local c = gate.client(g):send(gate.http.request("GET", "/length?100"))
    local response = c:read_head()
    assert.equal(200, response.status)
    c:read_body(response, 20)
    assert.is_falsy(response.complete)
  end)

  it("lets go of the instance when the client has gone", function()
    local up = upstream()
    local g = start('use "bandwidth-limit" { download = "1k", burst = 0 }', { up = up })
    local c = gate.client(g):send(gate.http.request("GET", "/length?1000"))
    c:read_head()
    c:reset()
    up:wait_open(0)
  end)

  it("stops reading an instance that is faster, in bounded memory", function()
    local size = 64 * 1024 * KIB
    local up = gate.upstream(function(_, connection)
      connection:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(size))
      pcall(connection.send, connection, ("x"):rep(size), 60)
    end)
    local g = start('use "bandwidth-limit" { download = "10k", burst = 0 }', { up = up })
    local before, clients = g:memory(), {}
    for i = 1, 10 do
      clients[i] = gate.client(g):send(gate.http.request("GET", "/"))
      clients[i]:read_head()
    end
    assert.is_true(g:memory() - before < 10 * (gate.slow > 1 and 1024 or 256) * KIB)
    for i = 1, 10 do clients[i]:reset() end
    up:wait_open(0)
  end)

  it("holds in both directions of a tunnel", function()
    local up = gate.upstream(function(_, connection)
      connection:send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
      while true do
        local bytes = connection:recv(nil, 60)
        if bytes == "" then break end
        connection:send(bytes, 60)
      end
      connection:close()
    end)
    local g = start('use "bandwidth-limit" { upload = "100k", download = "200k", burst = "10k" }', { up = up })
    local c = gate.client(g)
    c:send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
    assert.equal(101, c:read_head().status)
    local sent = text(60 * KIB)
    local echoed, took = timed(function()
      gate.go("sender", function() c:send(sent, 20) end)
      return c.socket:read_exactly(#sent, 20)
    end)
    assert.is_true(echoed == sent)
    assert.is_true(took >= 0.45, "took " .. took)
  end)

  it("holds for what body handlers make", function()
    local g = start([[use "response-replace" { replace = { { find = "0123", with = "abcd" } } },
      use "bandwidth-limit" { download = "100k", burst = "20k" }]])
    local r, took = timed(function() return g:get("/length?80", { timeout = 30 }) end)
    assert.is_true(r.body == (text(80 * KIB):gsub("0123", "abcd")))
    assert.is_true(took >= 0.55, "took " .. took)
  end)

  it("holds for answers of our own", function()
    local g = gate.start {
      routes = [[get "/" {
        use "bandwidth-limit" { download = "100k", burst = "10k" },
        reply = { 200, ("x"):rep(60000) },
      }]],
    }
    local r, took = timed(function() return g:get("/", { timeout = 30 }) end)
    assert.equal(60000, #r.body)
    assert.is_true(took >= 0.45, "took " .. took)
  end)

  it("can be set by a response handler, when it is known what comes", function()
    local g = gate.start {
      plugins = { ["slow-large"] = [[
        local p = plugin "slow-large" { version = "1", api = 1 }
        function p:init() self.bandwidth = store.bandwidth("large") end
        function p:response(req, res)
          if (res.length or 0) > 50000 then self.bandwidth:pace(nil, "100k", "10k") end
        end
        return p]] },
      services = { { name = "main", instances = { upstream() } } },
      routes = 'any "/*" { to = service "main", use "slow-large" }',
    }
    local _, small = timed(function() return get(g, "/length", 48) end)
    local _, large = timed(function() return get(g, "/length", 64) end)
    assert.is_true(large >= 0.5, "took " .. large)
    assert.is_true(small < large)
  end)

  it("of rateLimit holds for each client by itself", function()
    local g = gate.proxy(upstream(), {
      rateLimit = { bandwidth = "100k" }, gateway = { identity = { from = { "header:X-Who" } } }, workers = 2,
    })
    local who = { "X-Who: a" }
    local _, first = timed(function() return get(g, "/length", 90, who) end)
    local _, second = timed(function() return get(g, "/length", 60, who) end)
    local _, other = timed(function() return get(g, "/length", 60, { "X-Who: b" }) end)
    assert.is_true(first + second >= 0.48, ("150 KiB took %s and %s"):format(first, second))
    assert.is_true(other < second, "another client waited " .. other)
    assert.is_nil(g:get("/length?0", { headers = who }).headers["RateLimit-Limit"])
    assert.is_true(tonumber(g:cli("metrics", "--control", g.control).out:match("\nlunette_paced_total (%d+)")) >= 1)
  end)
end)
