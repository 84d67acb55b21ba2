-- SPDX-License-Identifier: Apache-2.0
-- The reserved setting `budget`: CPU time that one handler of this use may take.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("the setting budget", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function use(budget)
    return probe.handler("request", "return 200", { settings = { budget = budget } })
  end

  for _, budget in ipairs { "1ms", "20ms", "1.5s", "60s", 1, 0.25 } do
    it("can be " .. budget, function() assert.equal(200, gate.request(use(budget)).status) end)
  end

  for shown, budget in pairs {
    ['0 (number)'] = 0, ['"0ms" (string)'] = "0ms", ['"61s" (string)'] = "61s", ['"soon" (string)'] = "soon",
    ['-1 (number)'] = -1, ['true (boolean)'] = true,
  } do
    it("cannot be " .. shown, function()
      local ok, why = pcall(use, budget)
      assert.is_false(ok)
      assert.matches('budget: expected CPU time from "1ms" to "60s", got', why, 1, true)
    end)
  end
end)
