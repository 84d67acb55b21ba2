-- SPDX-License-Identifier: Apache-2.0
-- events.on in the real thing: one call for each change over all workers, over reloads and errors.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local HEARS = [[
local hears = plugin "hears" {
  version = "1.0.0", api = 1,
  schema = { url = t.string {}, mode = t.string { default = "tell" } },
}
function hears:init()
  local mode = self.conf.mode
  local function tell(e)
    if mode == "raise" then error("on purpose") end
    if mode == "spin" and e.to == "open" then while true do end end
    local text = ("VERSION %s %s %s->%s %s %s/%s"):format(e.kind, e.service, e.from, e.to, tostring(e.by),
      tostring(e.failed), tostring(e.total))
    http.post(self.conf.url, { body = text, timeout = "30s" })
  end
  events.on("breaker", tell)
  events.on("health", tell)
end
return hears
]]


describe("events", function()
  local hook, heard, hold
  local up, status

  before_each(function()
    heard, hold, status = {}, nil, 200
    hook = gate.upstream(function(request)
      heard[#heard + 1] = request.body
      if hold then hold:wait() end
      return 204
    end)
    up = gate.upstream(function() return status end)
  end)
  after_each(gate.cleanup)

  local function start(settings, options)
    options = options or {}
    options.workers = options.workers or 2
    options.services = options.services or { { name = "main", path = "/", instances = { up },
      breaker = { minRequests = 5, failureRatio = 1, openFor = "100ms", probes = 2 } } }
    options.plugins = { hears = (HEARS:gsub("VERSION", "1")) }
    options.routes = ('use "hears" { url = "%s", %s }\nget "/t" { function() return 200, "t" end }')
      :format(hook.url, settings or "")
    return gate.start(options)
  end

  local function trip(g)
    status = 500
    for _ = 1, 5 do assert.equal(500, g:get("/").status) end
    status = 200
  end

  local function recover(g)
    gate.eventually(function() return g:get("/").status == 200 end, "a probe")
    g:get("/")
    g:wait_log("half%-open %-> closed")
  end

  it("tell each move of a breaker once, over two workers, in their order where one worker moved it", function()
    local g = start()
    trip(g)
    hook:wait_requests(1)
    assert.equal("1 breaker main closed->open nil 5/5", heard[1])
    recover(g)
    hook:wait_requests(3)
    for _ = 1, 20 do assert.equal(200, g:get("/").status) end
    table.sort(heard)
    assert.same({ "1 breaker main closed->open nil 5/5", "1 breaker main half-open->closed nil nil/nil",
      "1 breaker main open->half-open nil nil/nil" }, heard)
  end)

  it("tell each of many trips once", function()
    local g = start()
    for i = 1, 3 do
      trip(g)
      gate.eventually(function() return g:get("/").status == 200 end, "a probe")
      gate.eventually(function() return g:get("/").status == 200 and #heard >= 3 * i end, "trip " .. i)
    end
    assert.equal(9, #heard)
  end)

  it("tell that an instance is down, and back, however many trials fail", function()
    local g = start("", { services = { { name = "main", path = "/", instances = { up }, retries = { tries = 1 } } } })
    up:go_down()
    gate.eventually(function()
      g:get("/")
      local _, n = g:log():gsub("is down", "")
      return n >= 2
    end, "a trial that failed")
    up:come_back()
    gate.eventually(function() return g:get("/").status == 200 end, "the instance", 15)
    hook:wait_requests(2)
    assert.same({ "1 health main up->down requests nil/nil", "1 health main down->up requests nil/nil" }, heard)
  end)

  it("tell what checks have found", function()
    local g = start("", { services = { { name = "main", path = "/", instances = { up }, panicThreshold = 0,
      health = { path = "/", interval = "30ms", jitter = 0, fall = 2, rise = 1 } } } })
    status = 500
    hook:wait_requests(1)
    status = 200
    hook:wait_requests(2)
    assert.same({ "1 health main up->down checks nil/nil", "1 health main down->up checks nil/nil" }, heard)
    assert.equal(200, g:get("/").status)
  end)

  it("come to the generation that is in use, and what was not begun with is not lost", function()
    hold = gate.gate("the reply")
    local g = start("", { workers = 1 })
    trip(g)
    hook:wait_requests(1)
    recover(g) -- two more events wait for the reply
    g.dir:write("plugins/hears.lua", (HEARS:gsub("VERSION", "2")))
    assert.equal(0, g:reload().code)
    assert.equal("t", g:get("/t").body) -- from now on the worker has it
    local old = hold
    hold = nil
    old:open()
    hook:wait_requests(3)
    assert.same({ "1 breaker main closed->open nil 5/5", "2 breaker main open->half-open nil nil/nil",
      "2 breaker main half-open->closed nil nil/nil" }, heard)
    trip(g)
    hook:wait_requests(4)
    assert.equal("2 breaker main closed->open nil 5/5", heard[4])
  end)

  it("end with their own errors", function()
    local g = start('mode = "raise"')
    g:expect("on purpose")
    trip(g)
    g:wait_log("plugin hears failed in an event: .*hears.lua:8: on purpose")
    assert.equal("t", g:get("/t").body)
    local out = g:cli("metrics", "--control", g.control).out
    assert.matches("\nlunette_events_failed_total 1\n", out)
  end)

  it("are stopped when their functions do not come back, and the next one is heard", function()
    local g = start('mode = "spin"')
    g:expect("ran longer than its budget")
    trip(g)
    g:wait_log("plugin hears failed in an event: .*ran longer than its budget")
    recover(g)
    hook:wait_requests(2)
    assert.equal("t", g:get("/t").body)
  end)
end)
