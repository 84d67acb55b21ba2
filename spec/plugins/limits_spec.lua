-- SPDX-License-Identifier: Apache-2.0
-- What rate-limit, quota and concurrency-limit have in common: how they refuse, and how they run dry.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

local PLUGINS = {
  ["rate-limit"] = { settings = { rate = "1/h", burst = 1 }, code = "rate_limited", told = "X-RateLimit-Dry-Run" },
  ["quota"] = { settings = { limit = 1 }, code = "quota_used_up", told = "X-Quota-Dry-Run" },
  ["concurrency-limit"] = { settings = { most = 1 }, code = "too_many_at_once", told = "X-Concurrency-Dry-Run" },
}


for name, case in pairs(PLUGINS) do
  describe(name, function()
    before_each(gate.reset)

    local function open(more)
      local settings = {}
      for key, value in pairs(case.settings) do settings[key] = value end
      for key, value in pairs(more or {}) do settings[key] = value end
      return gate.plugin(name, settings)
    end

    local function passed(p) return gate.response(p, {}, { status = 200 }) end

    it("refuses with its reason and when to come back", function()
      local p = open()
      passed(p)
      local out = gate.request(p)
      assert.equal(429, out.status)
      assert.equal(case.code, out:json().code)
      assert.equal(case.code, out.headers["X-Lunette-Reason"])
      assert.is_true(tonumber(out.headers["Retry-After"]) >= 1)
    end)

    it("refuses with a status, content and headers of yours", function()
      local p = open { status = 420, body = { message = "later" },
        answer_headers = { ["X-Plan"] = "small", ["retry-after"] = "7" } }
      passed(p)
      local out = gate.request(p)
      assert.equal(420, out.status)
      assert.same({ message = "later" }, out:json())
      assert.equal("small", out.headers["X-Plan"])
      local waits = {}
      for _, pair in ipairs(out.all) do
        if pair[1]:lower() == "retry-after" then waits[#waits + 1] = pair[2] end
      end
      assert.same({ "7" }, waits)
    end)

    it("runs dry: it refuses nothing, and tells in a header, the log and the metric", function()
      local p = open { dry_run = true }
      assert.is_nil(passed(p).headers[case.told])
      local out = passed(p)
      assert.equal(200, out.status)
      assert.equal("refused", out.headers[case.told])
      local line = gate.logged()[1]
      assert.equal("info", line.level)
      assert.matches("was let through: dry run$", line.text)
      assert.matches("10.0.0.1", line.fields.client, 1, true)
      local metric = ('%s_refused_total{route="spec",result="dry_run"}'):format(name:gsub("-", "_"))
      assert.equal(1, gate.metrics(metric))
    end)

    for setting, value in pairs { body = { f = print }, answer_headers = { ["X-A"] = "a\nb" }, status = 99 } do
      it("refuses a wrong " .. setting, function()
        local ok, why = pcall(open, { [setting] = value })
        assert.is_false(ok)
        assert.truthy(why:find(name .. ":\n  " .. setting, 1, true), why)
        assert.equal(200, passed(open()).status)
      end)
    end
  end)
end


describe("a request that costs more than ever passes", function()
  before_each(gate.reset)

  local function refused(p, cost)
    local out = gate.request(p, { headers = { ["X-Cost"] = cost } })
    assert.equal(429, out.status)
    return out.headers["X-Lunette-Reason"], out.headers["Retry-After"]
  end

  for _, settings in ipairs {
    { rate = "60/m", burst = 5 }, { rate = "5/m", algorithm = "fixed_window" }, { limits = { "9/s", "5/m" } },
    { rate = "9/m", burst = 9, limit = function() return 5 end, algorithm = "sliding_log" },
  } do
    if settings.algorithm then settings.burst = nil end
    settings.cost = "header:X-Cost"
    it("is not told to come back: " .. (settings.algorithm or "gcra"), function()
      local p = gate.plugin("rate-limit", settings)
      assert.same({ "cost_above_limit" }, { refused(p, "6") })
      assert.is_nil(gate.request(p, { headers = { ["X-Cost"] = "5" } }).status)
      local reason, wait = refused(p, "5")
      assert.equal("rate_limited", reason)
      assert.is_true(tonumber(wait) >= 1)
    end)
  end

  it("is not told to come back by a quota", function()
    local p = gate.plugin("quota", { limit = 5, cost = "header:X-Cost" })
    assert.same({ "cost_above_limit" }, { refused(p, "6") })
    assert.is_nil(gate.request(p, { headers = { ["X-Cost"] = "5" } }).status)
    assert.equal("quota_used_up", (refused(p, "5")))
  end)
end)


describe("limits.tell", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function told(handler, arguments)
    local p = probe.handler(handler, "limits.tell(res, " .. arguments .. ")")
    return gate.response(p, {}, { status = 200, headers = { ["RateLimit-Reset"] = "9" } })
  end

  for _, handler in ipairs { "request", "response" } do
    it("says where the client stands, once: in " .. handler, function()
      local out, lines = told(handler, "100, 99, 3600"), {}
      for _, pair in ipairs(out.all) do
        if pair[1]:find("^RateLimit") then lines[#lines + 1] = pair[1] .. ": " .. pair[2] end
      end
      table.sort(lines)
      assert.same({ "RateLimit-Limit: 100", "RateLimit-Remaining: 99", "RateLimit-Reset: 3600" }, lines)
    end)
  end

  it("takes whole numbers only", function()
    for _, arguments in ipairs { "1, 0.5, 0", "1, -1, 0", "1, 0, 0/0", "math.huge, 0, 0", "'1', 0, 0", "1, 0" } do
      local p = probe.handler("request", "limits.tell(res, " .. arguments .. ")")
      assert.equal(500, gate.request(p).status, arguments)
      assert.matches("limits%.tell: expected ", gate.logged()[1].text)
      gate.reset()
    end
  end)
end)
