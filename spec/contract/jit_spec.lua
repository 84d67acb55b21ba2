-- SPDX-License-Identifier: Apache-2.0
-- The standard plugins become machine code: once warm, the compiler no longer gives up anywhere in them.

local gate = require "lunette.spec"
local world = require "lunette.world"

local has_util, util = pcall(require, "jit.util")
local has_names, names = pcall(require, "jit.vmdef")
local can_watch = has_util and has_names and jit.status()

local WARM, WATCHED = 4000, 4000


-- The places in plugins where the compiler gave up while `f` ran.
local function aborts_in_plugins(f)
  local found = {}
  local function watch(what, _, func, pc, code)
    if what ~= "abort" then return end
    local at = util.funcinfo(func, pc)
    if at.source and at.source:find("^@plugins/") then
      found[#found + 1] = ("%s: %s"):format(at.loc, tostring(names.traceerr[code] or code))
    end
  end
  jit.attach(watch, "trace")
  local ok, why = pcall(f)
  jit.attach(watch)
  assert(ok, why)
  return found
end


describe("the hot path", function()
  before_each(gate.reset)

  local cases = {
    ["client-id"] = { from = { "header:X-Api-Key", "query:key", "cookie:session" } },
    ["rate-limit"] = { rate = "1000000/s", burst = 1000000 },
    ["headers"] = {
      client_id = "X-Client-Id",
      request = { set = { ["X-Gateway"] = "lunette" }, remove = { "Cookie" } },
      response = { set = { ["X-Frame-Options"] = "DENY" }, remove = { "Server" } },
    },
  }

  local function rounds(chain, n)
    local r
    for i = 1, n do
      if i % 100 == 1 then r = world.request { headers = { ["X-Api-Key"] = "key" .. i % 16 } } end
      world.run(chain, r)
    end
  end

  for name, settings in pairs(cases) do
    it("of " .. name .. " is compiled", function()
      if not can_watch then return pending("the compiler cannot be watched here") end
      local chain = gate.chain { gate.plugin(name, settings) }
      rounds(chain, WARM)
      assert.same({}, aborts_in_plugins(function() rounds(chain, WATCHED) end))
    end)
  end

  it("of all of them together is compiled", function()
    if not can_watch then return pending("the compiler cannot be watched here") end
    local list = {}
    for i, name in ipairs { "client-id", "rate-limit", "headers" } do list[i] = gate.plugin(name, cases[name]) end
    local chain = gate.chain(list)
    rounds(chain, WARM)
    assert.same({}, aborts_in_plugins(function() rounds(chain, WATCHED) end))
  end)
end)
