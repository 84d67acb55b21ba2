-- SPDX-License-Identifier: Apache-2.0
-- sleep() in handlers: that request waits, nobody else does.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local WAIT = [[
local wait = plugin "wait" {
  version = "1.0.0", api = 1,
  schema = { request = t.number {}, response = t.number {}, log = t.number {} },
}
function wait:request() if self.conf.request then sleep(self.conf.request) end end
function wait:response(_, res)
  if self.conf.response then sleep(self.conf.response) end
  res.headers["X-Waited"] = "yes"
end
function wait:log()
  if self.conf.log then
    sleep(self.conf.log)
    log.info("logged after waiting")
  end
end
return wait
]]

local ROUTES = [[
local main = service "main"
get "/quick" { to = main }
get "/request" { to = main, use "wait" { request = 0.8 } }
get "/response" { to = main, use "wait" { response = 0.8 } }
get "/both" { to = main, use "wait" { request = 0.02, response = 0.02 },
  use "wait" { request = 0.02, response = 0.02 } }
get "/log" { to = main, use "wait" { log = 0.05 } }
get "/inline" { function() sleep(0.05) return 200, "inline" end }
get "/loop" { function() for i = 1, 20 do sleep(0.001) end return 200, "looped" end }
get "/caught" { function()
  local ok = pcall(function() sleep(0.01) error("x") end)
  return 200, tostring(ok)
end }
]]


describe("sleep()", function()
  local up, g

  setup(function()
    up = gate.upstream(function() return 200, "main" end)
    g = gate.start { services = { { name = "main", instances = { up } } },
      plugins = { wait = WAIT }, routes = ROUTES }
  end)
  teardown(gate.cleanup)

  for _, phase in ipairs { "request", "response" } do
    it(("in a %s handler: the worker serves others meanwhile"):format(phase), function()
      local sleeper = gate.go("sleeper", function() return g:get("/" .. phase) end)
      gate.pause(0.05)
      for _ = 1, 10 do assert.equal("main", g:get("/quick").body) end
      if gate.slow == 1 then assert.is_nil(sleeper.done) end
      local r = sleeper:join()
      assert.equal("main", r.body)
      assert.equal("yes", r.headers["X-Waited"])
    end)

    it(("in a %s handler: many wait at once"):format(phase), function()
      local from, tasks = gate.now(), {}
      for i = 1, 30 do tasks[i] = gate.go("sleeper", function() return g:get("/" .. phase).body end) end
      for _, task in ipairs(tasks) do assert.equal("main", task:join()) end
      local seconds = gate.now() - from
      assert.is_true(seconds >= 0.8 and seconds < 8, "took " .. seconds) -- one after the other: 24
    end)
  end

  it("in a request handler: nothing goes upstream before it is over", function()
    local before = #up.requests
    local sleeper = gate.go("sleeper", function() return g:get("/request") end)
    gate.pause(0.1)
    assert.equal(before, #up.requests)
    sleeper:join()
    assert.equal(before + 1, #up.requests)
  end)

  it("in a response handler: nothing comes downstream before it is over", function()
    local c = gate.client(g):send(gate.http.request("GET", "/response"))
    assert.is_true(c:is_open(0.1))
    assert.equal("main", c:read().body)
  end)

  it("in several handlers of one chain, one after the other", function()
    local from = gate.now()
    assert.equal("main", g:get("/both").body)
    assert.is_true(gate.now() - from >= 0.08)
  end)

  it("in a log handler: the client does not wait for it", function()
    local c = gate.client(g)
    assert.equal("main", c:get("/log").body)
    assert.equal("main", c:get("/quick").body)
    g:wait_log("logged after waiting")
  end)

  it("in an inline function, in a loop, under pcall", function()
    assert.equal("inline", g:get("/inline").body)
    assert.equal("looped", g:get("/loop").body)
    assert.equal("false", g:get("/caught").body)
  end)

  it("ends with the client: the worker lives on", function()
    for _ = 1, 10 do
      local c = gate.client(g):send(gate.http.request("GET", "/request"))
      gate.pause(0.01)
      c:reset()
    end
    local before = #up.requests
    gate.pause(1)
    assert.equal(before, #up.requests)
    assert.equal("main", g:get("/request").body)
  end)

  it("keeps pipelined requests in order", function()
    local c = gate.client(g)
    c:send(gate.http.request("GET", "/inline") .. gate.http.request("GET", "/quick")
      .. gate.http.request("GET", "/loop"))
    for _, body in ipairs { "inline", "main", "looped" } do assert.equal(body, c:read().body) end
  end)
end)
