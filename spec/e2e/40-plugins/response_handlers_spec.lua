-- SPDX-License-Identifier: Apache-2.0
-- Response handlers: edit, replace, and what they see of answers that others made.

local gate = dofile(debug.getinfo(1, "S").source:match("^@(.-)[^/]*$") .. "../../support/gate.lua")


local ROUTES = [[
local main = service "main"
get "/status" { to = main, use "on-response" { status = 202 } }
get "/replace" { to = main, use "on-response" { replace = "replaced" } }
get "/own" { reply = { 200, "own" }, use "on-response" {} }
get "/dead" { to = service "dead", use "on-response" {} }
get "/main" { to = main, use "on-response" {} }
]]

local PLUGIN = [[
local p = plugin "on-response" {
  version = "1.0.0", api = 1,
  schema = { status = t.integer {}, replace = t.string {} },
}
function p:response(req, res)
  res.headers["X-Origin"] = res.origin
  res.headers["X-Seen"] = tostring(res.status)
  if res.upstream then res.headers["X-Address"] = res.upstream.address end
  if self.conf.status then res.status = self.conf.status end
  if self.conf.replace then return 299, self.conf.replace, { ["X-Replaced"] = "yes" } end
end
return p
]]


describe("a response handler", function()
  local up, g

  setup(function()
    up = gate.upstream(function() return 200, gate.pattern(200000), { ["X-Up"] = "1" } end)
    g = gate.start {
      services = {
        { name = "main", instances = { up } },
        { name = "dead", instances = { gate.upstream { down = true } } },
      },
      plugins = { ["on-response"] = PLUGIN }, routes = ROUTES,
    }
  end)
  teardown(gate.cleanup)

  it("may change the status", function()
    local r = g:get("/status")
    assert.equal(202, r.status)
    assert.equal("200", r.headers["X-Seen"])
    assert.is_true(r.body == gate.pattern(200000))
  end)

  it("may replace the whole response", function()
    local c = gate.client(g)
    for _ = 1, 3 do
      local r = c:get("/replace")
      assert.equal(299, r.status)
      assert.equal("replaced", r.body)
      assert.equal("yes", r.headers["X-Replaced"])
      assert.is_nil(r.headers["X-Up"])
    end
  end)

  it("knows a response of the upstream", function()
    local r = g:get("/main")
    assert.equal("upstream", r.headers["X-Origin"])
    assert.matches(up.address, r.headers["X-Address"], 1, true)
  end)

  it("sees a plugin's answer", function()
    assert.equal("plugin", g:get("/own").headers["X-Origin"])
  end)

  it("sees the gateway's own answer", function()
    local r = g:get("/dead")
    assert.equal("gateway", r.headers["X-Origin"])
    assert.equal(tostring(r.status), r.headers["X-Seen"])
  end)
end)
