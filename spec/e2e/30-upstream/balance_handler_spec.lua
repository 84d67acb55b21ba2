-- SPDX-License-Identifier: Apache-2.0
-- Balance handlers of plugins, at each attempt of real requests.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local function plugin(body)
  return 'local p = plugin "chooser" { version = "1.0.0", api = 1, schema = {} }\n'
    .. "function p:balance(req, up) " .. body .. " end\nreturn p\n"
end


local function start(ups, body, options)
  options = options or {}
  options.files = options.files or {}
  options.files["plugins/chooser.lua"] = plugin(body)
  options.service = options.service or { strategy = "lua" }
  options.service.plugins = { options.settings and { chooser = options.settings } or "chooser" }
  return gate.proxy(ups, options)
end


describe("a balance handler", function()
  after_each(gate.cleanup)

  local function upstreams(n)
    local ups = {}
    for i = 1, n do ups[i] = gate.upstream { name = tostring(i) } end
    return ups
  end

  it("names the instance", function()
    local g = start(upstreams(3), "return tonumber(req.args.to)", { workers = 2 })
    for _ = 1, 3 do
      for i = 1, 3 do assert.equal(tostring(i), g:get("/?to=" .. i).body) end
    end
  end)

  it("leaves the rest to turns", function()
    local g = start(upstreams(2), "return tonumber(req.args.to)")
    local met = { 0, 0 }
    for _ = 1, 10 do
      local i = tonumber(g:get("/").body)
      met[i] = met[i] + 1
    end
    assert.same({ 5, 5 }, met)
  end)

  it("comes before any strategy", function()
    local g = start(upstreams(2), "return 2", { service = { strategy = "round_robin" } })
    for _ = 1, 4 do assert.equal("2", g:get("/").body) end
  end)

  it("hands a key to consistent hashing", function()
    local g = start(upstreams(4), "up.hash = req.headers['X-User']", { workers = 2 })
    local met, different = {}, 0
    for user = 1, 20 do
      local options = { headers = { ["X-User"] = "user" .. user } }
      local home = g:get("/", options).body
      for _ = 1, 3 do assert.equal(home, g:get("/", options).body) end
      if not met[home] then different = different + 1 end
      met[home] = true
    end
    assert.is_true(different > 1)
  end)

  it("is asked at each attempt, and knows why", function()
    local bad = gate.upstream { handler = function(_, connection) connection:reset() end }
    local good = gate.upstream { name = "good" }
    local g = start({ bad, good }, [[
      log.warn("attempt", { n = up.attempt, error = up.last_error or "none", count = #up })
      return 1 ]], { expect = { "attempt" } })
    assert.equal("good", g:get("/").body) -- 1 was tried already: the strategy decides
    g:wait_log('"error":"none","n":1')
    g:wait_log('"error":"upstream_reset","n":2')
    assert.equal(1, #bad.requests)
  end)

  it("cannot force an instance that is down", function()
    local down, up = gate.upstream { down = true }, gate.upstream { name = "up" }
    local g = start({ down, up }, "return 1")
    for _ = 1, 10 do assert.equal("up", g:get("/").body) end
  end)

  it("sees what is in flight, over all workers", function()
    local open = gate.gate()
    local held = gate.upstream { name = "held", handler = function(request)
      if request.target == "/slow" then open:wait() end
      return 200, "held"
    end }
    local idle = gate.upstream { name = "idle" }
    local g = start({ held, idle }, [[
      if req.path == "/slow" then return 1 end
      return up[1].active > 0 and 2 or 1 ]], { workers = 2 })
    assert.equal("held", g:get("/").body)
    local c = gate.client(g):send(gate.http.request("GET", "/slow"))
    gate.eventually(function() return #held.requests == 2 end, "the slow request")
    for _ = 1, 6 do assert.equal("idle", g:get("/").body) end
    open:open()
    assert.equal(200, c:read().status)
    assert.equal("held", g:get("/").body)
  end)

  it("that raises costs its own request a 500", function()
    local g = start(upstreams(2), "if req.args.bad then error('no') end",
      { expect = { "plugin chooser failed in balance" } })
    local r = g:get("/?bad=1")
    assert.equal(500, r.status)
    assert.equal("plugin_error", r.headers["X-Lunette-Reason"])
    assert.equal(200, g:get("/").status)
  end)

  it("that raises is skipped where on_error says so", function()
    local g = start(upstreams(2), "error('no')",
      { settings = { on_error = "skip" }, expect = { "plugin chooser failed in balance" } })
    for _ = 1, 4 do assert.equal(200, g:get("/").status) end
  end)

  it("cannot wait", function()
    local g = start(upstreams(2), "sleep(0.01)", { expect = { "sleep cannot be called in balance" } })
    assert.equal(500, g:get("/").status)
    g:wait_log("sleep cannot be called in balance")
  end)
end)
