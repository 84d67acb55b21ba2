-- SPDX-License-Identifier: Apache-2.0
-- Where a use counts: the routes below it, its group, its route.

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
