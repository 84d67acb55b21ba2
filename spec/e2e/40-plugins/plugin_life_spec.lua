-- SPDX-License-Identifier: Apache-2.0
-- A plugin's life: init, state of its own for each use, close.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local MARK = [[
local mark = plugin "mark" { version = "1.0.0", api = 1, schema = { label = t.string { required = true } } }
function mark:init()
  self.count = 0
  log.info("init of " .. self.conf.label)
end
function mark:request(req)
  self.count = self.count + 1
  req.ctx.marks = (req.ctx.marks or "") .. self.conf.label
end
function mark:close() log.info("close of " .. self.conf.label .. " after " .. self.count) end
return mark
]]


local ROUTES = [[
local show = function(req) return 200, req.ctx.marks or "none" end
get "/above" { show }
use "mark" { label = "a" }
get "/below" { show }
get "/own" { use "mark" { label = "b" }, show }
group "/group" {
  use "mark" { label = "g" },
  get "/in" { show },
  get "/own" { use "mark" { label = "c" }, show },
  group "/deep" { use "mark" { label = "d" }, get "/er" { show } },
}
use "mark" { label = "z" }
get "/late" { show }
]]


describe("a plugin's life", function()
  after_each(gate.cleanup)

  it("begins with init, once per use and worker", function()
    local g = gate.start { routes = ROUTES, plugins = { mark = MARK }, workers = 2 }
    for _, label in ipairs { "a", "b", "g", "c", "d", "z" } do
      local _, times = g:log():gsub("worker %d[^\n]*init of " .. label, "")
      assert.equal(2, times, label)
    end
  end)

  it("ends with close when the generation has served its last request", function()
    local open = gate.gate("the answer")
    local up = gate.upstream(function()
      open:wait()
      return 200, ""
    end)
    local g = gate.start { plugins = { mark = MARK },
      services = { { name = "main", instances = { up } } },
      routes = 'get "/" { to = service "main", use "mark" { label = "one" } }' }
    local c = gate.client(g):send(gate.http.request("GET", "/"))
    up:wait_requests(1)
    assert.equal(0, g:reload().code)
    assert.is_nil(g:logged("close of one"))
    open:open()
    assert.equal(200, c:read().status)
    g:wait_log("close of one after 1")
  end)

  it("ends with close when the gateway stops", function()
    local g = gate.start { plugins = { mark = MARK },
      routes = 'get "/" { use "mark" { label = "one" }, reply = { 200 } }' }
    g:get("/")
    g:signal(gate.process.TERM)
    g:wait_exit()
    g:wait_log("close of one after 1")
  end)

  it("keeps state on self apart for every use", function()
    local g = gate.start { plugins = { mark = MARK },
      routes = 'get "/a" { use "mark" { label = "x" }, reply = { 200 } }\n'
        .. 'get "/b" { use "mark" { label = "y" }, reply = { 200 } }' }
    for _ = 1, 3 do g:get("/a") end
    g:get("/b")
    assert.equal(0, g:reload().code)
    g:wait_log("close of x after 3")
    g:wait_log("close of y after 1")
  end)
end)
