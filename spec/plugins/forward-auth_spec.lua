-- SPDX-License-Identifier: Apache-2.0
-- plugins/forward-auth.lua: what is asked, and what becomes of each answer.

local gate = require "lunette.spec"

local URL = "http://auth:9000/check"


describe("forward-auth", function()
  before_each(function()
    gate.reset()
    gate.consumers { { name = "alice", groups = { "staff" } } }
  end)

  local function settings(more)
    local all = { url = URL, take = { "X-User", "X-Plan" }, identity = "X-User", groups = "X-Roles" }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function chain(conf)
    return gate.chain {
      gate.plugin("forward-auth", conf or settings()),
      function(req)
        return 200, { consumer = req.client.consumer, id = req.client.id, groups = req.client.groups,
          user = req.headers["X-User"], plan = req.headers["X-Plan"] }
      end,
    }
  end

  local REQUEST = {
    method = "PUT", path = "/a", query = "b=1", host = "shop.example", ip = "192.0.2.7", id = "r-1",
    headers = { ["Authorization"] = "Bearer x", ["X-User"] = "eve", ["X-Other"] = "1" },
  }

  it("asks with what it was told to send, and tells who it is", function()
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "u-7", ["X-Roles"] = "a, b ,, c", ["X-Other"] = "2" })
    local seen = gate.request(chain(), REQUEST):json()
    assert.same({ id = "u-7", groups = { "a", "b", "c" }, user = "u-7" }, seen)
    local asked = gate.http.requests[1].headers
    assert.equal("Bearer x", asked["Authorization"])
    assert.equal("PUT", asked["X-Forwarded-Method"])
    assert.equal("/a?b=1", asked["X-Forwarded-Uri"])
    assert.equal("shop.example", asked["X-Forwarded-Host"])
    assert.equal("192.0.2.7", asked["X-Forwarded-For"])
    assert.equal("http", asked["X-Forwarded-Proto"])
    assert.equal("r-1", asked["X-Request-Id"])
    assert.is_nil(asked["X-Other"])
    assert.is_nil(asked["X-User"])
  end)

  it("tells the service as the others do", function()
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "alice", ["X-Roles"] = "root" })
    local told = gate.chain {
      gate.plugin("forward-auth", settings { take = {} }),
      function(req)
        local seen = {}
        for _, name in ipairs { "X-User", "X-Roles", "X-Consumer-Name", "X-Consumer-Groups" } do
          seen[name] = req.headers[name]
        end
        return 200, seen
      end,
    }
    assert.same({ ["X-Consumer-Name"] = "alice", ["X-Consumer-Groups"] = "staff" }, gate.request(told, {}):json())
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "u-7", ["X-Roles"] = "a, b" })
    assert.same({ ["X-Consumer-Name"] = "u-7", ["X-Consumer-Groups"] = "a,b" }, gate.request(told, {}):json())
    gate.http:on("GET " .. URL, 200, "")
    assert.same({}, gate.request(told, {}):json())
  end)

  it("knows consumers", function()
    gate.http:on("GET " .. URL, 204, "", { ["X-User"] = "alice", ["X-Roles"] = "root" })
    local seen = gate.request(chain(), REQUEST):json()
    assert.equal("alice", seen.consumer)
    assert.same({ "staff" }, seen.groups)
  end)

  it("lets nobody send what it takes", function()
    gate.http:on("GET " .. URL, 200, "")
    local seen = gate.request(chain(), REQUEST):json()
    assert.is_nil(seen.user)
    assert.equal("192.0.2.7", seen.id)
  end)

  it("gives any other answer to the client", function()
    gate.http:on("GET " .. URL, 302, "go",
      { ["Location"] = "/login", ["Set-Cookie"] = { "a=1", "b=2" }, ["X-Secret"] = "1" })
    local out = gate.request(chain(), REQUEST)
    assert.equal(302, out.status)
    assert.equal("go", out.body)
    assert.equal("/login", out.headers["Location"])
    assert.is_nil(out.headers["X-Secret"])
    local cookies = {}
    for _, h in ipairs(out.all) do
      if h[1] == "Set-Cookie" then cookies[#cookies + 1] = h[2] end
    end
    assert.same({ "a=1", "b=2" }, cookies)
    gate.http:on("GET " .. URL, 403, { error = "no" })
    out = gate.request(chain(), REQUEST)
    assert.equal(403, out.status)
    assert.same({ error = "no" }, out:json())
  end)

  it("denies, or allows, without an answer", function()
    for _, answer in ipairs { { nil, "connection refused" }, { 500, "broken" }, { 503 } } do
      gate.http:on("GET " .. URL, answer[1], answer[2])
      local out = gate.request(chain(), REQUEST)
      assert.equal(503, out.status)
      assert.equal("no_authorization", out.headers["X-Lunette-Reason"])
      local seen = gate.request(chain(settings { on_down = "allow" }), REQUEST):json()
      assert.equal("192.0.2.7", seen.id)
      assert.is_nil(seen.user)
    end
    gate.http:on("GET " .. URL, 200, "")
    assert.equal(200, gate.request(chain(), REQUEST).status)
    gate.http:on("GET " .. URL, 403, "")
    assert.equal(403, gate.request(chain(), REQUEST).status)
    for result, count in pairs { accepted = 1, wrong = 1, undecided = 6 } do
      assert.equal(count, gate.metrics(('auth_requests_total{plugin="forward-auth",result="%s"}'):format(result)))
    end
  end)

  it("tells of a service that is away once, and once when it is back, without what its URL has of secrets", function()
    local url = URL .. "?token=hush"
    local plugin = chain(settings { url = url })
    local function lines()
      local list = {}
      for i, line in ipairs(gate.logged()) do list[i] = { line.level, line.text, line.fields.url, line.fields.why } end
      return list
    end
    gate.http:on("GET " .. url, nil, "connection refused")
    for _ = 1, 5 do assert.equal(503, gate.request(plugin, REQUEST).status) end
    local away = { "warn", "the authorization service does not answer", URL, "connection refused" }
    assert.same({ away }, lines())
    gate.http:on("GET " .. url, 403, "")
    gate.request(plugin, REQUEST) -- it may be one of those that answer now and then
    assert.same({ away }, lines())
    gate.clock:advance(2)
    for _ = 1, 5 do assert.equal(403, gate.request(plugin, REQUEST).status) end
    assert.same({ away, { "info", "the authorization service answers again", URL } }, lines())
    gate.http:on("GET " .. url, 500, "")
    gate.request(plugin, REQUEST)
    assert.equal(3, #lines())
  end)

  it("lets nobody pass whose refusal is too large to be read", function()
    for _, status in ipairs { 403, 302, 200 } do
      gate.http:on("GET " .. URL, status, ("x"):rep(65537))
      for _, on_down in ipairs { "allow", "deny" } do
        local out = gate.request(chain(settings { on_down = on_down }), REQUEST)
        assert.equal(503, out.status)
        assert.equal("no_authorization", out.headers["X-Lunette-Reason"])
      end
    end
    gate.http:on("GET " .. URL, 502, ("x"):rep(65537))
    assert.equal(200, gate.request(chain(settings { on_down = "allow" }), REQUEST).status)
  end)

  it("remembers good answers to the same question only", function()
    local plugin = chain(settings { cache = "10s" })
    local function ask(change)
      local r = {}
      for name, value in pairs(REQUEST) do r[name] = value end
      for name, value in pairs(change or {}) do r[name] = value end
      return gate.request(plugin, r)
    end
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "alice", ["X-Plan"] = "gold" })
    for _ = 1, 3 do assert.same("gold", ask():json().plan) end
    assert.equal("alice", ask():json().consumer)
    assert.equal(1, #gate.http.requests)
    for i, change in ipairs {
      { path = "/b" }, { query = "b=2" }, { method = "GET" }, { host = "other" }, { ip = "192.0.2.8" },
      { headers = { ["Authorization"] = "Bearer y" } }, { headers = { ["Cookie"] = "Bearer x" } },
    } do
      ask(change)
      assert.equal(1 + i, #gate.http.requests)
    end
    gate.clock:advance(11)
    ask()
    assert.equal(9, #gate.http.requests)
    gate.http:on("GET " .. URL, 401, "no")
    for _ = 1, 2 do assert.equal(401, ask { path = "/c" }.status) end
    assert.equal(11, #gate.http.requests)
  end)

  it("remembers what it was told to the byte", function()
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "Ren\233", ["X-Plan"] = "\254", ["X-Roles"] = "a\255" })
    local seen
    local plugin = gate.chain {
      gate.plugin("forward-auth", settings { cache = "10s" }),
      function(req)
        seen = { req.client.id, req.client.groups[1], req.headers["X-Plan"], req.headers["X-User"] }
        return 200
      end,
    }
    for _ = 1, 2 do
      gate.request(plugin, REQUEST)
      assert.same({ "Ren\233", "a\255", "\254", "Ren\233" }, seen)
    end
    assert.equal(1, #gate.http.requests)
  end)

  it("keeps apart what uses with other settings have been told, and a header that is empty from none", function()
    gate.http:on("GET " .. URL, 200, "", { ["X-User"] = "alice", ["X-Id"] = "bob", ["X-Plan"] = "gold" })
    gate.http:on("POST " .. URL, 200, "", { ["X-User"] = "alice" })
    local function ask(more, headers)
      local all = settings { cache = "10s" }
      for name, value in pairs(more) do all[name] = value end
      return gate.request(chain(all), { path = "/a", headers = headers or { ["Authorization"] = "Bearer x" } }):json()
    end
    ask {}
    for i, more in ipairs {
      { take = { "X-Plan" } }, { identity = "X-Id" }, { method = "POST" }, { send = { "X-Other" } },
    } do
      local seen = ask(more, { ["Authorization"] = "Bearer x", ["X-Other"] = "Bearer x" })
      assert.equal(1 + i, #gate.http.requests)
      assert.equal(more.identity and "bob" or nil, more.identity and seen.id)
    end
    ask({}, { ["Authorization"] = "Bearer x", ["Cookie"] = "" })
    assert.equal(6, #gate.http.requests)
    ask {}
    assert.equal(6, #gate.http.requests)
  end)

  for why, conf in pairs {
    ["service: required, or url, and not both"] = {},
    ["url: expected a URL that begins with http://"] = { url = "https://auth/" },
    ['from[1]: expected "header:NAME"'] = { url = URL, from = { "Authorization" } },
    ["scheme: expected the name of one"] = { url = URL, scheme = 'a"b' },
    ["url: a name and a password in it cannot be sent"] = { url = "http://usr:pw@auth/" },
    ["groups: needs identity"] = { url = URL, groups = "X-Roles" },
    ["send: x-forwarded-for is one that the question has anyway"] = { url = URL, send = { "x-forwarded-for" } },
    ["send: X-Request-Id is one that the question has anyway"] = { url = URL, send = { "X-Request-Id" } },
  } do
    it("refuses settings: " .. why, function()
      local ok, err = pcall(gate.plugin, "forward-auth", conf)
      assert.is_false(ok)
      assert.truthy(tostring(err):find(why, 1, true), tostring(err))
      assert.falsy(tostring(err):find("usr", 1, true), tostring(err))
    end)
  end
end)
