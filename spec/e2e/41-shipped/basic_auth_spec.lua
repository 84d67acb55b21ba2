-- SPDX-License-Identifier: Apache-2.0
-- basic-auth against the real binary: passwords are judged beside the loop, once, and by the configuration of now.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

-- All of them are of "secret"; the second takes a second or so.
local CHEAP = "$6$rounds=1000$salt$"
  .. "HNxBeBnDfSfUrTj6KiLnmd7tGCvHEmcExh8kl/S0cZ5WrCciNZgfhbpkeFQ4JfkHX.8vPq45lY0iINnCx1Lkm."
local DEAR = "$6$rounds=2000000$salt$"
  .. "9ZtaHpEcCIAQz4QnhXdqGbRrG/2IX51w3jCqwPBudlWQg46kGG1CI1iW2h85zKHC.oANNuXyf2GdO5WtwRgsu0"
local YESCRYPT = "$y$j75$salt$7AaIs0B9f0jwZeNZA4Sj0ZD7EbU9CAsq4yRR0uTeR04"
local ROUTES = [[
any "/in/*" { to = service "app", use "basic-auth" { timeout = "60s" } }
any "/late/*" { to = service "app", use "basic-auth" { timeout = "10ms" } }
any "/few/*" { to = service "app", use "basic-auth" { failures = "3/h" } }
any "/open/*" { to = service "app" }
]]
local ALICE, WRONG, ZED = "YWxpY2U6c2VjcmV0", "YWxpY2U6Z3Vlc3M=", "emVkOnNlY3JldA==" -- alice:secret alice:guess zed:secret


local function start(up, hash, more)
  local options = {
    services = { { name = "app", instances = { up } } }, routes = ROUTES,
    extra = { consumers = { { name = "alice", password = hash, groups = { "staff" } } } },
  }
  for key, value in pairs(more or {}) do options[key] = value end
  return gate.start(options)
end


-- Two of the dear ones may be judged before the answer comes.
local function with(token)
  return { headers = { "Authorization: Basic " .. token }, timeout = 30 }
end


local function logins(g, result)
  local text = g:cli("metrics", "--control", g.control).out
  return tonumber(text:match('basic_auth_logins_total{result="' .. result .. '"} (%d+)')) or 0
end


describe("basic-auth", function()
  after_each(gate.cleanup)

  for _, hash in ipairs { CHEAP, YESCRYPT } do
    it("lets who knows the password pass, by " .. hash:sub(1, 3), function()
      local up = gate.upstream()
      local g = start(up, hash)
      assert.equal(200, g:get("/in/a", with(ALICE)).status)
      local h = up:last().headers
      assert.equal("alice", h["X-Consumer-Name"])
      assert.equal("staff", h["X-Consumer-Groups"])
      assert.is_nil(h["Authorization"])
      for _, token in ipairs { WRONG, ZED, "x" } do
        local r = g:get("/in/a", with(token))
        assert.equal(401, r.status)
        assert.equal('Basic realm="lunette", charset="UTF-8"', r.headers["WWW-Authenticate"])
      end
      assert.equal(1, #up.requests)
      assert.equal(1, logins(g, "right"))
      assert.equal(2, logins(g, "wrong"))
    end)
  end

  it("serves others while it judges, and judges once for all who ask the same", function()
    local g = start(gate.upstream(), DEAR)
    local clients = {}
    for i = 1, 30 do
      clients[i] = gate.client(g)
      clients[i]:send("GET /in/a HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " .. ALICE .. "\r\n\r\n")
    end
    local answered = 0
    gate.go("a login", function()
      assert.equal(200, clients[1]:read().status)
      answered = answered + 1
    end)
    local before = gate.now()
    for _ = 1, 20 do assert.equal(200, g:get("/open/a").status) end
    local twenty = gate.now() - before
    assert.equal(0, answered)
    before = gate.now()
    for i = 2, 30 do assert.equal(200, clients[i]:read().status) end
    local all = gate.now() - before
    assert.equal(200, g:get("/in/a", with(ALICE)).status) -- remembered
    assert.is_true(twenty < all, ("%g s beside %g s"):format(twenty, all))
  end)

  it("takes as long for a name that nobody has", function()
    local g = start(gate.upstream(), DEAR)
    local function time(token)
      local before = gate.now()
      assert.equal(401, g:get("/in/a", with(token)).status)
      return gate.now() - before
    end
    local known, unknown = time(WRONG), time(ZED)
    assert.is_true(unknown > known / 4, ("%g s for a name that nobody has, %g s for one"):format(unknown, known))
  end)

  it("judges no more wrong passwords of an address than it may send, over all workers", function()
    local g = start(gate.upstream(), CHEAP, { workers = 2, gateway = { trustedProxies = { "127.0.0.0/8" } } })
    local function ask(token, ip)
      local headers = { "Authorization: Basic " .. token, "X-Forwarded-For: " .. ip }
      return gate.client(g):get("/few/a", { headers = headers })
    end
    for _ = 1, 3 do assert.equal(401, ask(WRONG, "198.51.100.1").status) end
    for _, token in ipairs { WRONG, ZED, ALICE } do
      local r = ask(token, "198.51.100.1")
      assert.equal(429, r.status)
      assert.equal("too_many_failures", r.headers["X-Lunette-Reason"])
      assert.is_true(tonumber(r.headers["Retry-After"]) > 1000)
    end
    assert.equal(3, logins(g, "wrong"))
    assert.equal(3, logins(g, "limited"))
    assert.equal(200, ask(ALICE, "198.51.100.2").status)
    assert.equal(1, logins(g, "right"))
  end)

  it("answers 503 when it takes too long, and goes on", function()
    local g = start(gate.upstream(), DEAR)
    local r = g:get("/late/a", with(ALICE))
    assert.equal(503, r.status)
    assert.equal("auth_busy", r.headers["X-Lunette-Reason"])
    assert.equal("1", r.headers["Retry-After"])
    assert.equal(1, logins(g, "late"))
    assert.equal(200, g:get("/in/a", with(ALICE)).status)
  end)

  it("survives clients that do not wait", function()
    local g = start(gate.upstream(), DEAR)
    for i = 1, 20 do
      local c = gate.client(g)
      c:send("GET /in/a HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " .. (i % 2 == 0 and ALICE or WRONG) .. "\r\n\r\n")
      c:close()
    end
    assert.equal(200, g:get("/in/a", with(ALICE)).status)
  end)

  it("goes by the password of now, whatever was remembered", function()
    local g = start(gate.upstream(), CHEAP, { extra = { consumers = { file = "consumers.yaml" } },
      files = { ["consumers.yaml"] = '- { name: alice, password: "' .. CHEAP .. '" }' } })
    assert.equal(200, g:get("/in/a", with(ALICE)).status)
    g.dir:write("consumers.yaml", '- { name: alice, password: "$5$rounds=1000$other$' .. ("x"):rep(43) .. '" }')
    g:reload()
    assert.equal(401, g:get("/in/a", with(ALICE)).status)
    g.dir:write("consumers.yaml", '- { name: alice, password: "' .. YESCRYPT .. '" }')
    g:reload()
    assert.equal(200, g:get("/in/a", with(ALICE)).status)
  end)

  it("stops at once when nobody waits for what is being judged", function()
    local endless = "$2b$17$abcdefghijklmnopqrstuu" .. ("K"):rep(31) -- longer than that timeout
    local g = start(gate.upstream(), endless, { gateway = { drainTimeout = "4s" } })
    assert.equal(503, g:get("/late/a", with(WRONG)).status)
    g:stop()
    assert.falsy(g:log():find("the drain timeout has passed", 1, true))
  end)

  it("stops while passwords are being judged", function()
    local g = start(gate.upstream(), DEAR, { gateway = { drainTimeout = "1s" } })
    local c = gate.client(g)
    c:send("GET /in/a HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " .. WRONG .. "\r\n\r\n")
    gate.eventually(function() return g:get("/open/a").status == 200 end, "another request")
    g:stop()
  end)
end)
