-- SPDX-License-Identifier: Apache-2.0
-- Routes with conditions: who takes a request, what gives way, what 405 says, and what a function may cost.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local ROUTES = [[
get "/v" { when = { header = { ["X-Version"] = "2" } }, reply = { 200, "two" } }
get "/v" { when = { query = { beta = true }, cookie = { staff = true } }, reply = { 200, "beta" } }
get "/v" { reply = { 200, "one" } }
post "/v" { when = { header = { ["X-Version"] = "2" } }, reply = { 201, "posted" } }
any "/v/*" { reply = { 200, "below" } }

get "/n/:n" { when = function(req) return tonumber(req.params.n) end, reply = { 200, "number" } }
get "/n/:n" { function(req) return 200, "word " .. req.params.n end }

get "/here" { when = { client = { "127.0.0.0/8", "::1" } }, reply = { 200, "here" } }
get "/there" { when = { client = "192.0.2.0/24" }, reply = { 200, "there" } }

get "/broken" { when = function(req) return req.headers.Boom and error("boom") end, reply = { 200, "fine" } }
get "/broken" { reply = { 200, "other" } }
get "/endless" { when = function(req) while req.args.forever do end return true end, reply = { 200, "ended" } }
get "/bomb" {
  when = function() local t = {} while true do t[#t + 1] = ("x"):rep(2 ^ 20) .. #t end end, reply = { 200 },
}
get "/deep" { when = function() local function f(n) return 1 + f(n) end return f(1) end, reply = { 200 } }
get "/own" { when = function() return coroutine.wrap(function() sleep(1) return true end)() end, reply = { 200 } }
get "/ask" { when = function() return http.get "http://127.0.0.1:1/" end, reply = { 200 } }
get "/later" { when = function() return timer.after(1, print) end, reply = { 200 } }
get "/wait" { when = function() sleep(1) return true end, reply = { 200 } }
]]


describe("a route with conditions", function()
  local g

  setup(function() g = gate.start { routes = ROUTES } end)
  teardown(gate.cleanup)

  local cases = {
    { "GET", "/v", {}, 200, "one" },
    { "GET", "/v", { ["X-Version"] = "2" }, 200, "two" },
    { "GET", "/v", { ["X-Version"] = "22" }, 200, "one" },
    { "GET", "/v?beta", { Cookie = "a=b; staff=1" }, 200, "beta" },
    { "GET", "/v?beta=1", { Cookie = "a=b" }, 200, "one" },
    { "GET", "/v?beta=1", { Cookie = "staff=1", ["X-Version"] = "2" }, 200, "beta" },
    { "POST", "/v", { ["X-Version"] = "2" }, 201, "posted" },
    { "POST", "/v", {}, 200, "below" },
    { "GET", "/n/12", {}, 200, "number" },
    { "GET", "/n/twelve", {}, 200, "word twelve" },
    { "GET", "/here", {}, 200, "here" },
    { "GET", "/there", {}, 404 },
    { "GET", "/broken", {}, 200, "other" },
  }
  for _, case in ipairs(cases) do
    local method, target, headers, status, body = unpack(case)
    it(("%s %s with %s -> %s"):format(method, target, next(headers) or "nothing", body or status), function()
      local r = g:request(method, target, { headers = headers })
      assert.equal(status, r.status)
      if body then assert.equal(body, r.body) end
    end)
  end

  it("that raises costs its own request a 500, and the log says which", function()
    g:expect("the condition of route GET /broken failed: .*boom")
    assert.equal(500, g:get("/broken", { headers = { Boom = "1" } }).status)
    assert.equal("other", g:get("/broken").body)
  end)

  it("that does not come back is stopped by the budget", function()
    g:expect("the condition of route GET /endless failed: .*budget")
    assert.equal(500, g:get("/endless?forever=1").status)
    assert.equal("ended", g:get("/endless").body)
  end)

  for path, why in pairs {
    bomb = "not enough memory|ran longer|more than", deep = "stack overflow|ran longer",
    own = "sleep cannot be called", ask = "cannot be called", later = "cannot be called",
  } do
    it("cannot hurt others: /" .. path, function()
      for one in why:gmatch("[^|]+") do g:expect(("the condition of route GET /%s failed: .*%s"):format(path, one)) end
      assert.equal(500, g:get("/" .. path).status)
      assert.equal("one", g:get("/v").body)
      assert.equal("number", g:get("/n/12").body)
    end)
  end

  it("cannot wait", function()
    g:expect("sleep cannot be called in the condition of a route")
    assert.equal(500, g:get("/wait").status)
    assert.equal("one", g:get("/v").body)
  end)
end)


describe("a condition that keeps failing", function()
  teardown(gate.cleanup)

  it("is not asked for a while, and comes back when it works", function()
    local g = gate.start {
      routes = [[
        get "/x" { when = function(req) return req.headers.Boom and error("boom") or true end, reply = { 200, "x" } }
        get "/y" { reply = { 200, "y" } } ]],
    }
    g:expect "the condition of route GET /x failed: .*boom"
    g:expect "the condition of route GET /x .* keeps failing: it is in quarantine"
    for _ = 1, 5 do assert.equal(500, g:get("/x", { headers = { Boom = "1" } }).status) end
    g:wait_log "in quarantine"
    assert.equal(500, g:get("/x").status) -- refused unasked, so that no check is passed over
    assert.equal("y", g:get("/y").body)
    gate.eventually(function() return g:get("/x").status == 200 end, "the trial")
    assert.equal("x", g:get("/x").body)
  end)
end)


describe("405", function()
  local g

  setup(function()
    g = gate.start { routes = [[
      get "/x" { reply = { 200 } }
      put "/x" { when = { header = { A = "1" } }, reply = { 200 } }
      delete "/x" { when = function(req) return req.args.really end, reply = { 200 } }
      patch "/x" { host = "other.example", reply = { 200 } }
    ]] }
  end)
  teardown(gate.cleanup)

  local cases = {
    { "/x", {}, "GET, HEAD" },
    { "/x", { A = "1" }, "GET, HEAD, PUT" },
    { "/x?really=1", {}, "GET, HEAD, DELETE" },
  }
  for _, case in ipairs(cases) do
    it(("at %s with %s allows %s"):format(case[1], next(case[2]) or "nothing", case[3]), function()
      local r = g:request("POST", case[1], { headers = case[2] })
      assert.equal(405, r.status)
      assert.equal(case[3], r.headers.Allow)
    end)
  end

  it("is 404 when a condition, and not the method, is in the way", function()
    assert.equal(405, g:request("PUT", "/x").status) -- GET would do
    assert.equal(200, g:request("PUT", "/x", { headers = { A = "1" } }).status)
  end)
end)


describe("a condition on the client's address", function()
  teardown(gate.cleanup)

  it("believes trusted proxies and nobody else", function()
    local routes = 'get "/" { when = { client = "192.0.2.0/24" }, reply = { 200, "inside" } }\n'
      .. 'get "/" { reply = { 200, "outside" } }'
    local told = { headers = { ["X-Forwarded-For"] = "192.0.2.7" } }
    local open = gate.start { routes = routes }
    assert.equal("outside", open:get("/", told).body)
    local behind = gate.start { routes = routes, gateway = { trustedProxies = { "127.0.0.0/8" } } }
    assert.equal("inside", behind:get("/", told).body)
    assert.equal("outside", behind:get("/").body)
  end)
end)
