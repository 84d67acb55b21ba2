-- SPDX-License-Identifier: Apache-2.0
-- services[].sticky: clients that stay with their instance, and what moves them.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


describe("sticky", function()
  after_each(gate.cleanup)

  local function ups(n, handler)
    local list = {}
    for i = 1, n do list[i] = gate.upstream { name = "up" .. i, handler = handler } end
    return list
  end

  local function start(instances, sticky, options)
    options = options or {}
    options.workers = options.workers or 2
    options.service = options.service or {}
    options.service.sticky = sticky or { cookie = "route" }
    return gate.proxy(instances, options)
  end

  -- The answer, and the value of the cookie that it sets.
  local function ask(g, value, method, options)
    options = options or {}
    options.headers = options.headers or {}
    options.headers.Cookie = value and "route=" .. value
    local r = g:request(method or "GET", "/", options)
    for _, cookie in ipairs(r.headers:all("Set-Cookie")) do
      if cookie:find("^route=") then return r, cookie:match("^route=(%x+);") end
    end
    return r
  end

  local function say(g, verb, up)
    local r = g:cli(verb, "main", up.url, "--control", g.control)
    assert.equal(0, r.code, r.err)
  end

  it("sets a cookie once, and with it a client stays, in every worker", function()
    for _, strategy in ipairs { "round_robin", "least_connections", "random_two", "consistent_hash" } do
      local g = start(ups(3), nil, { service = { strategy = strategy } })
      for _ = 1, 6 do
        local first, value = ask(g)
        assert.equal(("route=%s; Path=/; HttpOnly; SameSite=Lax"):format(value), first.headers["Set-Cookie"])
        for _ = 1, 4 do
          local again = ask(g, value)
          assert.same({ first.body }, { again.body, again.headers["Set-Cookie"] })
        end
      end
    end
  end)

  it("shares new clients out exactly, whatever the others do", function()
    local list = ups(3)
    local g = start(list)
    local _, home = ask(g)
    local met = {}
    for i = 1, 30 do
      local r = ask(g)
      met[r.body] = (met[r.body] or 0) + 1
      for _ = 1, i % 3 do ask(g, home) end
    end
    assert.same({ up1 = 10, up2 = 10, up3 = 10 }, met)
  end)

  it("replaces what names no instance", function()
    local g = start(ups(2))
    local _, value = ask(g)
    for _, bad in ipairs { "", "x", "0123456789abcdef", value:upper() .. "0", '"' .. value .. '"',
                           value .. "; route=" .. value, ("a"):rep(4000), "../../etc/passwd" } do
      local r, new = ask(g, bad)
      assert.equal(200, r.status)
      assert.truthy(new, bad)
    end
    assert.is_nil((select(2, ask(g, value .. "; other=1"))))
  end)

  it("agrees over gateways and reloads, and tells no address", function()
    local list = ups(3)
    local sticky = { cookie = "route", secret = "0123456789abcdef" }
    local g = start(list, sticky)
    local other = start({ list[3], list[1] }, sticky) -- another order, and one is missing
    for _ = 1, 3 do
      local r, value = ask(g)
      local there, new = ask(other, value)
      assert.is_true(there.body == r.body or r.body == "up2")
      assert.equal(r.body == "up2", new ~= nil)
      assert.is_nil(value:find(("%d"):format(list[1].port)))
    end
    local r, value = ask(g)
    assert.equal(0, g:reload().code)
    assert.equal(r.body, ask(g, value).body)
    local _, plain = ask(start({ list[1] }))
    local _, keyed = ask(start({ list[1] }, sticky))
    assert.is_not.equal(plain, keyed)
  end)

  it("moves a client whose instance is gone, and it stays there", function()
    local list = ups(2)
    local g = start(list)
    local r, value = ask(g)
    local home = r.body == "up1" and list[1] or list[2]
    home:go_down()
    local moved, new = ask(g, value)
    assert.equal(200, moved.status)
    assert.is_not.equal(r.body, moved.body)
    assert.is_not.equal(value, new)
    home:come_back()
    for _ = 1, 4 do assert.equal(moved.body, ask(g, new).body) end
  end)

  it("drain keeps its clients and takes no others; disable keeps nobody", function()
    local list = ups(2)
    local g = start(list)
    local r, value = ask(g)
    local home = r.body == "up1" and list[1] or list[2]
    say(g, "drain", home)
    for _ = 1, 6 do
      assert.same({ r.body }, { ask(g, value).body, (select(2, ask(g, value))) })
      local newcomer = ask(g)
      assert.is_not.equal(r.body, newcomer.body)
    end
    say(g, "disable", home)
    local moved, new = ask(g, value)
    assert.is_not.equal(r.body, moved.body)
    assert.truthy(new)
    say(g, "enable", home)
    assert.equal(r.body, ask(g, value).body)
  end)

  it("gives way to balance handlers, and its client gets the cookie of whom they name", function()
    local g = start(ups(3), nil, {
      files = { ["plugins/chooser.lua"] = 'local p = plugin "chooser" { version = "1.0.0", api = 1, schema = {} }\n'
        .. "function p:balance(req) return tonumber(req.args.to) end\nreturn p\n" },
      service = { plugins = { "chooser" } },
    })
    local r, value = ask(g)
    for i = 1, 3 do
      local named = g:get("/?to=" .. i, { headers = { Cookie = "route=" .. value } })
      assert.equal("up" .. i, named.body)
      assert.equal(named.body ~= r.body, named.headers["Set-Cookie"] ~= nil)
    end
    assert.equal(r.body, ask(g, value).body)
  end)

  it("leaves an instance that fails, and does not send a POST twice for it", function()
    local list = ups(2, function(request, connection, self)
      if self.bad and #self.requests > 1 then return connection:reset() end
      return 200, self.name
    end)
    local g = start(list, nil, { service = { breaker = false } })
    local r, value = ask(g)
    local home = r.body == "up1" and list[1] or list[2]
    home.bad = true
    local moved, new = ask(g, value)
    assert.equal(200, moved.status)
    assert.is_not.equal(r.body, moved.body)
    assert.truthy(new)
    local before = #list[1].requests + #list[2].requests
    assert.equal(502, ask(g, value, "POST", { body = "x" }).status)
    assert.equal(before + 1, #list[1].requests + #list[2].requests)
  end)

  it("follows instances that come and go with a name", function()
    local ns, list = gate.nameserver(), gate.neighbours(3)
    ns:set("users.test", { a = { "127.0.0.1", "127.0.0.2" } })
    local g = start({ { url = "http://users.test:" .. list[1].port, discover = "addresses" } }, nil,
      { gateway = { resolver = { servers = { ns.address }, minTtl = "20ms" } } })
    local homes = {}
    for _ = 1, 4 do
      local r, value = ask(g)
      homes[r.body] = value
    end
    ns:set("users.test", { a = { "127.0.0.3", "127.0.0.2" } })
    g:wait_log("left: ")
    for body, value in pairs(homes) do
      local r, new = ask(g, value)
      assert.equal(body == list[2].name, r.body == body and new == nil)
      assert.equal(r.body, ask(g, new or value).body)
    end
  end)

  it("stands beside the instance's own cookies, and its client's reach the instance", function()
    local up = gate.upstream(function()
      return 200, "", { "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", ["Cache-Control"] = "public, max-age=60" }
    end)
    local g = start({ up })
    local r, value = ask(g)
    assert.same({ "a=1; Path=/", "b=2", ("route=%s; Path=/; HttpOnly; SameSite=Lax"):format(value) },
      r.headers:all("Set-Cookie"))
    assert.equal("public, max-age=60", r.headers["Cache-Control"])
    assert.same({ "a=1; Path=/", "b=2" }, ask(g, value).headers:all("Set-Cookie"))
    assert.equal("route=" .. value, up:last().headers["Cookie"])
  end)

  it("has the attributes that were asked for, and a path that no prefix changes", function()
    local g = gate.start { services = { { name = "main", path = "/shop", instances = { gate.upstream() },
      sticky = { cookie = "__Secure-r", maxAge = "1h", path = "/shop", domain = "example.com", secure = true,
                 httpOnly = false, sameSite = "none" } } } }
    assert.truthy(g:get("/shop/x").headers["Set-Cookie"]:find(
      "^__Secure%-r=%x+; Path=/shop; Domain=example.com; Max%-Age=3600; Secure; SameSite=None$"))
  end)

  it("is set with HEAD, errors and upgrades, and never with an answer of ours", function()
    local up = gate.upstream(function(request, connection)
      if request.target ~= "/ws" then return 500, "" end
      connection:send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
      connection:close()
    end)
    local g = start({ up }, nil, { service = { breaker = false } })
    assert.truthy((select(2, ask(g, nil, "HEAD"))))
    assert.truthy((select(2, ask(g))))
    local c = gate.client(g)
    c:send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
    assert.truthy(c:read_head().headers["Set-Cookie"])
    up:go_down()
    local r = g:get("/")
    assert.is_true(r.status >= 502)
    assert.is_nil(r.headers["Set-Cookie"])
  end)
end)
