-- SPDX-License-Identifier: Apache-2.0
-- plugins/quota.lua

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("quota", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function open(settings) return gate.plugin("quota", settings) end
  local function hit(p, ip) return gate.request(p, { ip = ip or "10.0.0.1" }) end
  local function told(p) return gate.response(p, { ip = "10.0.0.1" }, { status = 200 }).headers end

  local function now() return tonumber(probe.run("return 200, ('%.3f'):format(time())").body) end
  local function set_clock(moment) gate.clock:advance(moment - now()) end

  it("gives so much, and refuses the rest of the day", function()
    local p = open { limit = 3 }
    for left = 2, 0, -1 do
      local h = told(p)
      assert.equal("3", h["X-Quota-Limit"])
      assert.equal(tostring(left), h["X-Quota-Remaining"])
    end
    local out = hit(p)
    assert.equal(429, out.status)
    assert.equal("quota_used_up", out.headers["X-Lunette-Reason"])
    assert.is_nil(hit(p, "10.0.0.2").status)
    local wait = tonumber(out.headers["Retry-After"])
    assert.equal(math.ceil(86400 - now() % 86400), wait)
    gate.clock:advance(wait - 1)
    assert.equal(429, hit(p).status)
    gate.clock:advance(1)
    assert.is_nil(hit(p).status)
  end)

  -- 2028-02-28T23:00:00Z, a Monday in a leap year: 1835391600
  local LATE = 1835391600
  for _, case in ipairs {
    { "hour", "+00:00", 3600 }, { "day", "+00:00", 3600 }, { "day", "+01:00", 86400 }, { "day", "-02:30", 3600 * 3.5 },
    { "week", "+00:00", 6 * 86400 + 3600 }, { "week", "+01:00", 6 * 86400 }, { "month", "+00:00", 86400 + 3600 },
    { "month", "+01:00", 86400 }, { "month", "-08:00", 86400 + 9 * 3600 },
  } do
    it(("knows when a %s at %s ends"):format(case[1], case[2]), function()
      set_clock(LATE)
      local p = open { limit = 1, period = case[1], offset = case[2] }
      assert.equal(tostring(case[3]), told(p)["X-Quota-Reset"])
      gate.clock:advance(case[3] - 1)
      assert.equal(429, hit(p).status)
      gate.clock:advance(1)
      assert.is_nil(hit(p).status)
    end)
  end

  it("knows every month of four centuries", function()
    local p = open { limit = 1, period = "month" }
    local lengths = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
    local at = 0
    for year = 1970, 2400 do
      local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
      for month = 1, 12 do
        local length = lengths[month] + (month == 2 and leap and 1 or 0)
        if year > 2027 and (month == 2 or month == 12) and year % 7 == 0 then
          set_clock(at * 86400 + 100)
          assert.equal(tostring(length * 86400 - 100), told(p)["X-Quota-Reset"], ("%d-%d"):format(year, month))
        end
        at = at + length
      end
    end
  end)

  it("takes what a request costs, and nothing when it refuses", function()
    local p = open { limit = 10, cost = "header:X-Cost" }
    local function ask(n) return gate.request(p, { headers = { ["X-Cost"] = n } }) end
    assert.is_nil(ask("8").status)
    assert.equal(429, ask("3").status)
    assert.is_nil(ask("2").status)
    assert.equal(429, ask("1").status)
  end)

  it("charges afterwards", function()
    local p = open { limit = 10, charge = "header:X-Tokens" }
    local function ask(tokens)
      local out = gate.response(p, {}, { status = 200, headers = { ["X-Tokens"] = tokens } })
      return gate.log(out).headers["X-Quota-Remaining"]
    end
    assert.equal("10", ask "9")
    assert.equal("1", ask "50")
    assert.equal(429, gate.request(p).status)
    gate.clock:advance(86400)
    assert.equal("10", ask "1")
  end)

  it("lets those share a count for whom there is no room", function()
    local p = open { limit = 2, entries = 64, zone = "small" }
    for i = 1, 2000 do hit(p, ("10.1.%d.%d"):format(i / 250, i % 250)) end
    assert.equal(429, hit(p, "10.9.9.9").status)
    assert.is_nil(hit(p, "10.1.0.1").status) -- who came first has his own
    assert.equal(429, hit(p, "10.1.0.1").status)
  end)

  it("can run dry, and keep its figures to itself", function()
    local p = open { limit = 1, dry_run = true, headers = false }
    assert.is_nil(told(p)["X-Quota-Limit"])
    assert.is_nil(hit(p).status)
    assert.equal(1, gate.metrics('quota_refused_total{route="spec",result="dry_run"}'))
  end)

  it("wants a name where quotas of several limits would count together", function()
    local small = open { limit = 1 }
    local ok, why = pcall(open, { limit = 2 })
    assert.is_false(ok)
    assert.truthy(why:find("zone: required: another quota of a day by the same has the limit 1", 1, true), why)
    local large = open { limit = 2, zone = "large" }
    assert.is_nil(hit(small).status)
    assert.equal(429, hit(open { limit = 1 }).status)
    assert.is_nil(hit(large).status)
    assert.is_nil(hit(open { limit = 3, zone = "large" }).status)
    assert.equal(429, hit(large).status)
    assert.is_nil(hit(open { limit = 2, period = "hour" }).status)
  end)

  for _, offset in ipairs { "1", "+1:00", "Europe/Berlin", "+15:00", "+01:60" } do
    it("refuses the offset " .. offset, function()
      local ok, why = pcall(open, { limit = 1, offset = offset })
      assert.is_false(ok)
      local message = ('offset: expected an offset from UTC such as "+01:00", got "%s"'):format(offset)
      assert.truthy(why:find(message, 1, true), why)
      assert.is_nil(hit(open { limit = 1 }).status)
    end)
  end
end)
