-- SPDX-License-Identifier: Apache-2.0
-- store.limiter with the option redis: what plugins count in Redis, in handlers that wait for it.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local METER = [[
local meter = plugin "meter" { version = "1.0.0", api = 1, schema = {
  redis = t.any {}, rates = t.any {}, options = t.any { default = {} }, burst = t.any {},
} }
function meter:init()
  local options = { redis = self.conf.redis }
  for name, value in pairs(self.conf.options) do options[name] = value end
  self.limiter = store.limiter("calls", self.conf.rates, self.conf.burst, options)
end
function meter:request(req, res)
  local how, rate = req.headers["X-How"] or "take", req.headers["X-Rate"]
  if rate then rate = { count = tonumber(rate), per = 3600, burst = tonumber(req.headers["X-Burst"]) } end
  local ok, left, wait, reset, which, by = self.limiter[how](self.limiter, req.headers["X-Key"] or "me",
    tonumber(req.headers["X-Cost"]), rate)
  res.headers["X-Left"], res.headers["X-Which"], res.headers["X-By"] = left, which, by
  res.headers["X-Wait"], res.headers["X-Reset"] = math.ceil(wait), math.ceil(reset)
  if not ok then return 429, "no" end
end
function meter:log(req, res)
  if req.headers["X-Afterwards"] then self.limiter:charge("me", tonumber(req.headers["X-Afterwards"])) end
end
return meter
]]


local redis


local function start(settings, workers)
  local routes = ([[
    service "main" { instances = { "%s" } }
    get "/" { to = service "main", use "meter" { redis = "%s", %s } }
    get "/again" { to = service "main", use "meter" { redis = "%s", %s } }
  ]]):format(gate.upstream().url, redis.url, settings, redis.url, settings)
  return gate.start { plugins = { meter = METER }, routes = routes, workers = workers or 1 }
end


local function ask(g, headers)
  local r = g:get("/", { headers = headers })
  return { r.status, tonumber(r.headers["X-Left"]), tonumber(r.headers["X-Which"]), r.headers["X-By"] }
end


describe("store.limiter in Redis", function()
  setup(function() redis = gate.redis { password = "sesame" } end)
  before_each(function() redis:command("FLUSHALL") end)
  teardown(gate.cleanup)

  for _, algorithm in ipairs { "gcra", "sliding_window", "sliding_log", "fixed_window" } do
    it("takes from all windows or from none, over two gateways: " .. algorithm, function()
      local settings = 'rates = { "5/h", "8/d" }, options = { timeout = "5s", algorithm = "' .. algorithm .. '" }'
      local a, b = start(settings, 2), start(settings)
      assert.same({ 200, 3, 1, "redis" }, ask(a, { ["X-Cost"] = "2" }))
      assert.same({ 429, 3, 1, "redis" }, ask(b, { ["X-Cost"] = "4" }))
      assert.same({ 200, 0, 1, "redis" }, ask(b, { ["X-Cost"] = "3" }))
      assert.same({ 429, 0, 1, "redis" }, ask(a))
      assert.same({ 200, 4, 1, "redis" }, ask(a, { ["X-Key"] = "another" }))
      redis:command("DEL", "rate_limit:{calls:me}") -- an hour has passed
      assert.same({ 429, 3, 2, "redis" }, ask(a, { ["X-Cost"] = "4" }))
      assert.same({ 200, 0, 2, "redis" }, ask(b, { ["X-Cost"] = "3" }))
      assert.is_true(redis:command("PTTL", "rate_limit:{calls:me}:2") > 0)
    end)
  end

  it("takes no limit of one's own over a longer window than it was opened for", function()
    local g = start('rates = "5/s", options = { timeout = "5s", algorithm = "sliding_window" }')
    g:expect "failed in request"
    assert.equal(500, ask(g, { ["X-Rate"] = "3" })[1])
    g:wait_log "3 per 3600 s is more, or longer, than this limiter was opened for"
    assert.same({ 200, 4, 1, "redis" }, ask(g))
  end)

  it("looks, and charges what is known afterwards", function()
    local g = start('rates = "10/d", burst = 10, options = { timeout = "5s", name = "tokens" }')
    assert.same({ 200, 10, 1, "redis" }, ask(g, { ["X-How"] = "look" }))
    assert.same({ 200, 10, 1, "redis" }, ask(g, { ["X-How"] = "look", ["X-Afterwards"] = "12" }))
    gate.eventually(function() return ask(g, { ["X-How"] = "look" })[1] == 429 end, "the charge")
    assert.same({ 429, 0, 1, "redis" }, ask(g))
    assert.same({ 200, 0, 1, "redis" }, ask(g, { ["X-How"] = "charge", ["X-Cost"] = "1" }))
    assert.equal(1, redis:command("EXISTS", "rate_limit:{tokens:me}"))
  end)

  it("judges by another rate where one is given, and counts that apart", function()
    for _, algorithm in ipairs { "gcra", "sliding_window", "sliding_log", "fixed_window" } do
      local g = start(('rates = "3/h", %s options = { timeout = "5s", algorithm = "%s", name = "%s" }'):format(
        algorithm == "gcra" and "burst = 3," or "", algorithm, algorithm))
      assert.same({ 200, 1, 1, "redis" }, ask(g, { ["X-Rate"] = "2" }))
      assert.same({ 200, 0, 1, "redis" }, ask(g, { ["X-Rate"] = "2" }))
      assert.same({ 429, 0, 1, "redis" }, ask(g, { ["X-Rate"] = "2" }))
      assert.same({ 200, 2, 1, "redis" }, ask(g))
      assert.equal(1, redis:command("EXISTS", ("rate_limit:{%s:me}:2/3600000"):format(algorithm)))
    end
  end)

  it("counts those that differ in what passes at once apart, too", function()
    local g = start('rates = "3/h", burst = 3, options = { timeout = "5s", name = "bursts" }')
    assert.same({ 200, 1, 1, "redis" }, ask(g, { ["X-Rate"] = "2" }))
    assert.same({ 200, 4, 1, "redis" }, ask(g, { ["X-Rate"] = "2", ["X-Burst"] = "5" }))
    assert.same({ 200, 0, 1, "redis" }, ask(g, { ["X-Rate"] = "2" }))
    assert.same({ 200, 3, 1, "redis" }, ask(g, { ["X-Rate"] = "2", ["X-Burst"] = "5" }))
    assert.equal(1, redis:command("EXISTS", "rate_limit:{bursts:me}:2/3600000/5"))
  end)

  it("counts uses of one zone together, and with leases by the lot", function()
    local g = start('rates = "10/h", options = { timeout = "5s", algorithm = "fixed_window", lease = 5 }')
    assert.equal("redis", ask(g)[4])
    for _ = 1, 4 do assert.equal("leased", ask(g)[4]) end
    for _ = 1, 5 do assert.equal(200, g:get("/again").status) end
    assert.equal(429, ask(g)[1])
    assert.equal("10", redis:command("GET", "rate_limit:{calls:me}"))
  end)

  it("does without Redis as it was told, and comes back", function()
    local server = redis
    redis = gate.redis { password = "sesame" }
    local g = start('rates = { "2/h" }, options = { algorithm = "sliding_log", timeout = "5s" }')
    local strict = start('rates = { "2/h" }, options = { algorithm = "sliding_log", on_down = "deny" }')
    assert.equal("redis", ask(g)[4])
    redis:kill()
    assert.same({ 200, 1, 1, "local" }, ask(g))
    assert.same({ 200, 0, 1, "local" }, ask(g))
    assert.same({ 429, 0, 1, "local" }, ask(g))
    assert.same({ 200, 0, 1, "local" }, ask(g, { ["X-Rate"] = "1" })) -- counts apart here, too
    assert.same({ 429, 0, 1, "local" }, ask(g, { ["X-Rate"] = "1" }))
    assert.same({ 429, 0, 1, "deny" }, ask(strict))
    redis:run()
    gate.eventually(function() return ask(g)[4] == "redis" end, "Redis", 15)
    redis = server
  end)

  it("says what is wrong with its options, and never the password", function()
    local cases = {
      ['options = { timeout = "2m" }'] = "timeout: expected a duration from 1ms to 1m, got \"2m\"",
      ['options = { on_down = "open" }'] = "on_down: expected",
      ['options = { lease = -1 }'] = "lease: expected an integer from 0 to 1000000, got %-1",
      ['options = { redis = 7 }'] = "redis: expected a URL, got a number",
      ['options = { redis = "http://:sesame@x" }'] = "redis",
    }
    for settings, message in pairs(cases) do
      local ok, why = pcall(start, 'rates = "1/s", burst = 1, ' .. settings)
      assert.is_false(ok)
      assert.matches(message, why)
      assert.is_nil(why:match("log:\n(.*)"):find("sesame", 1, true), why)
    end
  end)
end)
