-- SPDX-License-Identifier: Apache-2.0
-- What plugins share with each other is nothing that one of them could change under the hands of the others.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

local SCHEMA = [[schema = {
  cidr = t.list { t.cidr {}, default = { "10.0.0.0/8" } },
  from = t.addresses { default = { "10.0.0.0/8" } },
  edits = t.edits { default = { set = { ["X-A"] = "1" } } },
  json = t.json_edits { default = { set = { ["a"] = 1 } } },
}]]

local OBJECTS = {
  ["a limiter"] = 'store.limiter("a", "1/s", 1)',
  ["a bandwidth"] = 'store.bandwidth("w")',
  ["counters"] = 'store.counters("b")',
  ["permits"] = 'store.permits("p")',
  ["a dictionary"] = 'store.dict("c")',
  ["a counter"] = 'metrics.counter("d_total", "Such things.")',
  ["a timer"] = "timer.every(60, function() end)",
  ["an address block"] = "self.conf.cidr[1]",
  ["addresses"] = "self.conf.from",
  ["edits"] = "self.conf.edits",
  ["edits of JSON"] = "self.conf.json",
  ["a type"] = "t.string {}",
}

local SOURCE = [[
local p = plugin "prober" { version = "1.0.0", api = 1, %s }
function p:init() self.object = %s end
function p:request()
  local ok, class = pcall(function() return self.object.__index end)
  local meta = getmetatable(self.object)
  return 200, { class = type(ok and class or nil), meta = type(meta) }
end
return p
]]


describe("the class of", function()
  before_each(probe.reset)
  after_each(probe.reset)

  for name, made in pairs(OBJECTS) do
    it(name .. " is out of reach", function()
      local p = probe.plugin("prober", SOURCE:format(SCHEMA, made))
      local out = gate.request(p, { method = "GET", path = "/" })
      assert.equal(200, out.status)
      assert.same({ class = "nil", meta = "string" }, out:json())
    end)
  end
end)


describe("a service", function()
  before_each(probe.reset)
  after_each(probe.reset)

  it("cannot be changed", function()
    local out = probe.run([[
      local s = req.upstream
      local ok, why = pcall(function() s.index = 7 end)
      rawset(s, "index", 7)
      req.upstream = s
      return 200, tostring(ok) .. " " .. tostring(why) .. " " .. tostring(req.upstream)]], { service = "main" })
    assert.equal(200, out.status)
    assert.truthy(out.body:find("^false .*a service cannot be changed main$"), out.body)
  end)
end)
