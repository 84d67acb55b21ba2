-- SPDX-License-Identifier: Apache-2.0
-- Timers in the real thing: every worker or one of all, over reloads, kills and errors.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")

local TICKS = [[
local ticks = plugin "ticks" {
  version = "1.0.0", api = 1,
  schema = { url = t.string {}, every = t.duration { default = 0.05 }, on = t.string { default = "all" },
    mode = t.string { default = "tick" } },
}
function ticks:init()
  local id = crypto.hex(crypto.random(4))
  local mode = self.conf.mode
  timer.every(self.conf.every, function()
    if mode == "raise" then error("on purpose") end
    if mode == "spin" then while true do end end
    http.post(self.conf.url, { body = id .. " VERSION", timeout = "30s" })
  end, { on = self.conf.on })
  if mode == "once" then
    timer.after(0, function() http.post(self.conf.url .. "/once", { body = id }) end, { on = "one" })
  end
end
return ticks
]]


describe("timers", function()
  local side, hold
  local seen -- body -> times
  local order

  before_each(function()
    seen, order, hold = {}, {}, nil
    side = gate.upstream(function(request)
      seen[request.path .. " " .. request.body] = (seen[request.path .. " " .. request.body] or 0) + 1
      order[#order + 1] = request.body
      if hold then hold:wait() end
      return 204
    end)
  end)
  after_each(gate.cleanup)

  local function start(settings, options)
    options = options or {}
    options.services = { { name = "main", path = "/", instances = { side } } }
    options.plugins = { ticks = (TICKS:gsub("VERSION", "1")) }
    options.routes = ('get "/t" { function() return 200, "t" end, use "ticks" { url = "%s", %s } }')
      :format(side.url, settings or "")
    return gate.start(options)
  end

  local function ids(from)
    local set, n = {}, 0
    for i = from or 1, #order do
      if not set[order[i]] then set[order[i]], n = true, n + 1 end
    end
    return n, set
  end

  it("run in every worker, before any request", function()
    start("", { workers = 2 })
    gate.wait_until(function() return ids() == 2 end, "both workers")
    gate.wait_until(function() return #order > 6 end, "more of it")
  end)

  it("run in one worker of all, and in another when that is killed", function()
    local g = start('on = "one"', { workers = 3 })
    side:wait_requests(10)
    assert.equal(1, (ids()))
    -- who it is: the one whose death makes somebody else tick
    for _, pid in ipairs(g:workers()) do
      if ids() > 1 then break end
      local n = #order
      g:expect("killed")
      gate.process.kill(pid, 9)
      gate.wait_until(function() return #order > n + 4 end, "more ticks", 20)
    end
    assert.equal(2, (ids()))
    assert.equal("t", g:get("/t").body)
  end)

  it("count from the new generation after a reload, and no more from the old one", function()
    local g = start()
    side:wait_requests(3)
    g.dir:write("plugins/ticks.lua", (TICKS:gsub("VERSION", "2")))
    g:reload()
    gate.wait_until(function() return order[#order]:find(" 2$") end, "the new one")
    local from = #order
    side:wait_requests(from + 10)
    for i = from, #order do assert.truthy(order[i]:find(" 2$"), order[i]) end
  end)

  it("are broken off by a reload while they wait", function()
    hold = gate.gate("the reply")
    local g = start("every = 0.02")
    side:wait_requests(1)
    local line = side.connections[side.requests[1].connection]
    local old = hold
    hold = nil
    g.dir:write("plugins/ticks.lua", (TICKS:gsub("VERSION", "2")))
    g:reload()
    gate.wait_until(function() return #order > 3 and order[#order]:find(" 2$") end, "the new one")
    old:open()
    gate.wait_until(function() return line.is_closed end, "the end of the old request")
  end)

  it("leave a run out while the one before is going", function()
    hold = gate.gate("the reply")
    start("every = 0.01")
    side:wait_requests(1)
    gate.pause(0.1)
    assert.equal(1, #order)
    hold:open()
    side:wait_requests(3)
  end)

  it("end with their own errors", function()
    local g = start('mode = "raise"')
    g:expect("on purpose")
    g:wait_log("plugin ticks failed in a timer: .*ticks.lua:10: on purpose")
    assert.equal("t", g:get("/t").body)
  end)

  it("are stopped when they do not come back", function()
    local g = start('mode = "spin", every = 0.2')
    g:expect("ran longer than its budget")
    g:wait_log("plugin ticks failed in a timer: .*ran longer than its budget")
    assert.equal("t", g:get("/t").body)
  end)

  it("that run once in one worker do so once in each generation", function()
    local g = start('mode = "once"', { workers = 3 })
    local function onces()
      local n = 0
      for name, times in pairs(seen) do n = n + (name:find("^/once") and times or 0) end
      return n
    end
    gate.wait_until(function() return onces() == 1 end, "the one run")
    gate.wait_until(function() return ids() >= 3 end, "all workers to tick")
    assert.equal(1, onces())
    g.dir:write("plugins/ticks.lua", (TICKS:gsub("VERSION", "2")))
    g:reload()
    gate.wait_until(function() return onces() == 2 end, "the run of the next generation")
  end)

  it("of one worker keep their period while configurations change more often", function()
    local g = start('on = "one", every = 0.8')
    side:wait_requests(1)
    local reloads, from = 0, gate.now()
    while #order < 3 and gate.now() - from < 10 * gate.slow do
      reloads = reloads + 1
      g.dir:write("plugins/ticks.lua", (TICKS:gsub("VERSION", tostring(reloads + 1))))
      g:reload()
    end
    assert.is_true(#order >= 3, reloads .. " reloads")
  end)

  it("end when the gateway is told to stop", function()
    hold = gate.gate("the reply")
    local g = start()
    side:wait_requests(1)
    g:stop()
    hold:open()
  end)
end)
