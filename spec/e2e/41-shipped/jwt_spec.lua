-- SPDX-License-Identifier: Apache-2.0
-- jwt and forward-auth between real sockets: one question for the keys of an issuer, however many wait for the answer.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")
local made = require "spec.helpers.jwt_keys"


local ROUTES = [[
local main = service "main"
any "/jwt/*" {
  to = main,
  use "jwt" { algorithms = { "RS256", "ES256" }, jwks = "%s/keys", claims = { ["X-Email"] = "email" } },
}
any "/forward/*" { to = main, use "forward-auth" { url = "%s/check", take = { "X-User" }, identity = "X-User" } }
any "/told/*" { to = main, use "forward-auth" { url = "%s/check", identity = "X-Who", groups = "X-Roles" } }
any "/down/*" { to = main, use "forward-auth" { url = "%s/check", on_down = "allow" } }
any "/open/*" { to = main }
]]


describe("shipped plugins that ask others who it is", function()
  after_each(gate.cleanup)

  local function start(issuer, workers)
    local up = gate.upstream(function(request)
      return 200, gate.json.encode { user = request.headers["X-User"], email = request.headers["X-Email"],
        name = request.headers["X-Consumer-Name"], authorization = request.headers["Authorization"] }
    end)
    local g = gate.start {
      services = { { name = "main", instances = { up } } }, workers = workers,
      routes = ROUTES:format(issuer.url, issuer.url, issuer.url, issuer.url),
    }
    return g, up
  end

  it("jwt fetches keys once for all workers and all who wait", function()
    local fetched, open = 0, gate.gate()
    local issuer = gate.upstream(function()
      fetched = fetched + 1
      open:wait()
      return 200, made.jwks
    end)
    local g = start(issuer, 2)
    local statuses = {}
    for i = 1, 20 do
      gate.go("client", function()
        local token = i % 2 == 0 and made.tokens.RS256 or made.tokens.ES256
        local r = gate.client(g):get("/jwt/x", { headers = { "Authorization: Bearer " .. token } })
        statuses[#statuses + 1] = r.status
      end)
    end
    issuer:wait_requests(1)
    open:open()
    gate.eventually(function() return #statuses == 20 end, "all answers")
    for _, status in ipairs(statuses) do assert.equal(200, status) end
    assert.equal(1, fetched)
    local r = g:get("/jwt/x", { headers = { "Authorization: Bearer " .. made.tokens.RS256, "X-Email: eve@x" } })
    assert.same({ email = "alice@example.com", name = "alice" }, gate.json.decode(r.body))
    r = g:get("/jwt/x")
    assert.equal(401, r.status)
    assert.equal('Bearer realm="lunette"', r.headers["WWW-Authenticate"])
  end)

  it("jwt refuses nobody while a new key is being fetched, in whichever worker", function()
    local old = made.jwks:gsub('"kid":"e1"', '"kid":"e0"')
    local keys, fetched, open = old, 0, nil
    local issuer = gate.upstream(function()
      fetched = fetched + 1
      if open then open:wait() end
      return 200, keys
    end)
    local g = start(issuer, 2)
    local function ask(token)
      return gate.client(g):get("/jwt/x", { headers = { "Authorization: Bearer " .. token } }).status
    end
    for _ = 1, 10 do assert.equal(200, ask(made.tokens.RS256)) end
    local before = fetched
    keys, open = made.jwks, gate.gate()
    local statuses = {}
    for _ = 1, 20 do
      gate.go("client", function()
        local status = ask(made.tokens.ES256)
        statuses[#statuses + 1] = status
      end)
    end
    issuer:wait_requests(before + 1)
    open:open()
    gate.eventually(function() return #statuses == 20 end, "all answers")
    for _, status in ipairs(statuses) do assert.equal(200, status) end
    for _ = 1, 10 do assert.equal(200, ask(made.tokens.ES256)) end
    assert.equal(before + 1, fetched)
  end)

  it("jwt fetches keys although the client has gone that made it ask", function()
    local keys, open = made.jwks:gsub('"kid":"e1"', '"kid":"e0"'), nil
    local issuer = gate.upstream(function()
      if open then open:wait() end
      return 200, keys
    end)
    local g = start(issuer, 1)
    assert.equal(200, g:get("/jwt/x", { headers = { "Authorization: Bearer " .. made.tokens.RS256 } }).status)
    local before = #issuer.requests
    keys, open = made.jwks, gate.gate()
    local c = gate.client(g)
    c:send("GET /jwt/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " .. made.tokens.ES256 .. "\r\n\r\n")
    issuer:wait_requests(before + 1)
    c:reset()
    gate.eventually(function()
      return g:cli("metrics", "--control", g.control).out:find("lunette_client_gone_total 1", 1, true)
    end, "the gateway to notice it")
    open:open()
    issuer:wait_requests(before + 2, 30) -- nobody else has asked
    gate.eventually(function()
      return g:get("/jwt/x", { headers = { "Authorization: Bearer " .. made.tokens.ES256 } }).status == 200
    end, "the new key")
    assert.equal(before + 2, #issuer.requests)
  end)

  it("jwt answers 503 while there are no keys, and goes on by itself", function()
    local answer = 500
    local issuer = gate.upstream(function() return answer, made.jwks end)
    local g = start(issuer, 1)
    local function ask()
      return g:get("/jwt/x", { headers = { "Authorization: Bearer " .. made.tokens.ES256 } }).status
    end
    assert.equal(503, ask())
    answer = 200
    gate.eventually(function() return ask() == 200 end, "the keys")
  end)

  it("forward-auth allows nobody whom a refusal reached that it could not read", function()
    local answer = { 500 }
    local issuer = gate.upstream(function() return answer[1], answer[2] end)
    local g, up = start(issuer, 1)
    for _, refusal in ipairs { { 403, ("x"):rep(70000) }, { 302, ("x"):rep(70000) } } do
      answer = refusal
      assert.equal(503, g:get("/down/x").status)
    end
    assert.equal(0, #up.requests)
    answer = { 500, ("x"):rep(70000) }
    assert.equal(200, g:get("/down/x").status)
    answer = { 403, "no" }
    assert.equal(403, g:get("/down/x").status)
  end)

  it("forward-auth passes answers on, and no header of a client's as its own", function()
    local issuer = gate.upstream(function(request)
      if request.headers["Authorization"] == "Bearer good" then return 200, "", { "X-User: bob", "X-Who: bob" } end
      return 401, "who?", { 'WWW-Authenticate: Bearer realm="x"' }
    end)
    local g, up = start(issuer, 1)
    local r = g:get("/forward/x", { headers = { "Authorization: Bearer good", "X-User: eve" } })
    assert.equal("bob", gate.json.decode(r.body).user)
    r = g:get("/forward/x", { headers = { "X-User: eve" } })
    assert.equal(401, r.status)
    assert.equal("who?", r.body)
    assert.equal('Bearer realm="x"', r.headers["WWW-Authenticate"])
    assert.is_nil(gate.json.decode(g:get("/open/x", { headers = { "X-User: eve" } }).body).user)
    local forged = { headers = { "Authorization: Bearer good", "X-Who: root", "x_roles: root",
      "X-Consumer-Name: root" } }
    for path, name in pairs { told = "bob", open = "" } do
      g:get(("/%s/x"):format(path), forged)
      local headers = up:last().headers
      assert.is_nil(headers["X-Who"])
      assert.is_nil(headers["x_roles"])
      assert.equal(name, headers["X-Consumer-Name"] or "")
    end
    issuer:stop()
    assert.equal(503, g:get("/forward/x", { headers = { "Authorization: Bearer good" } }).status)
    assert.equal(4, #up.requests)
  end)
end)
