-- SPDX-License-Identifier: Apache-2.0
-- Where a use counts: the routes below it, its group, its route; and the life of a plugin.

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


describe("use", function()
  local g

  setup(function() g = gate.start { routes = ROUTES, plugins = { mark = MARK } } end)
  teardown(gate.cleanup)

  for target, marks in pairs {
    ["/above"] = "none", ["/below"] = "a", ["/own"] = "ab", ["/group/in"] = "ag",
    ["/group/own"] = "agc", ["/group/deep/er"] = "agd", ["/late"] = "az",
  } do
    it(("leaves %q at %s"):format(marks, target), function()
      assert.equal(marks, g:get(target).body)
    end)
  end
end)


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


describe("store.limiter", function()
  after_each(gate.cleanup)

  it("is one for all workers, and stays through reloads", function()
    local g = gate.start { workers = 2, plugins = { take = [[
      local p = plugin "take" { version = "1.0.0", api = 1, schema = {} }
      function p:init() self.limiter = store.limiter("e2e", "10/24h", 10) end
      function p:request(req)
        local ok, left = self.limiter:take(req.args.key or "", tonumber(req.args.cost or 1))
        return ok and 200 or 429, tostring(left)
      end
      return p
    ]] }, routes = 'get "/" { use "take" {}, reply = { 204 } }' }
    assert.equal("7", g:get("/?key=a&cost=3").body)
    assert.equal("9", g:get("/?key=b").body)
    assert.equal(0, g:reload().code)
    for left = 6, 0, -1 do assert.equal(tostring(left), g:get("/?key=a").body) end
    assert.equal(429, g:get("/?key=a").status)
    assert.equal(200, g:get("/?key=b").status)
  end)
end)
