-- SPDX-License-Identifier: Apache-2.0
-- plugins/quota.lua with the setting redis: its script runs in the Redis of specs, on the virtual clock.

local gate = require "lunette.spec"
local scripts = require "spec.helpers.scripts"

local DAY = 86400


describe("quota in Redis", function()
  before_each(function()
    gate.reset()
    gate.redis:on("EVAL", scripts.with())
  end)
  after_each(gate.reset)

  local function open(settings)
    settings.redis = settings.redis or "redis://counts"
    return gate.plugin("quota", settings)
  end

  local function now() return gate.clock:now() end
  local function set_clock(moment) gate.clock:advance(moment - now()) end
  local function hit(p, cost) return gate.request(p, { ip = "10.0.0.1", headers = { ["X-Cost"] = cost } }) end
  local function told(p, cost)
    return gate.response(p, { ip = "10.0.0.1", headers = { ["X-Cost"] = cost } }, { status = 200 }).headers
  end
  local function judged(by) return gate.metrics(('quota_judged_total{route="spec",by="%s"}'):format(by)) end
  local function down() gate.redis:down() end

  local function keys()
    local list = {}
    for _, words in ipairs(gate.redis.calls) do
      if words[1] == "EVAL" then list[#list + 1] = words[4] end
    end
    return list
  end

  it("counts there, and in this gateway no more than that", function()
    local p = open { limit = 2 }
    set_clock(DAY * 30000 + 100)
    local h = told(p)
    assert.equal("2", h["X-Quota-Limit"])
    assert.equal("1", h["X-Quota-Remaining"])
    assert.equal(tostring(DAY - 100), h["X-Quota-Reset"])
    assert.equal("redis", h["X-Quota-State"])
    local key = ("rate_limit:{day+0000,client:10.0.0.1}:day:%d"):format(DAY * 30000)
    assert.equal("1", gate.redis:get(key))
    assert.equal(DAY - 100 + 60, gate.redis:ttl(key))
    gate.redis:set(key, "2", "KEEPTTL") -- by another gateway
    local out = hit(p)
    assert.equal(429, out.status)
    assert.equal(tostring(DAY - 100), out.headers["Retry-After"])
    assert.equal("2", gate.redis:get(key))
    assert.equal(2, judged "redis")
    gate.clock:advance(DAY - 100)
    assert.is_nil(hit(p).status)
    assert.equal("1", gate.redis:get(("rate_limit:{day+0000,client:10.0.0.1}:day:%d"):format(DAY * 30001)))
  end)

  it("takes all of a cost or nothing", function()
    local p = open { limit = 10, cost = "header:X-Cost" }
    assert.is_nil(hit(p, "8").status)
    assert.equal("quota_used_up", hit(p, "3").headers["X-Lunette-Reason"])
    assert.equal("cost_above_limit", hit(p, "11").headers["X-Lunette-Reason"])
    assert.is_nil(hit(p, "2").status)
    assert.equal(429, hit(p, "1").status)
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
    down()
    assert.equal(429, gate.request(p).status)
  end)

  -- 2028-02-28T23:30:00Z, a Monday
  for period, seconds in pairs { hour = 1800, day = 1800, week = 6 * DAY + 1800, month = DAY + 1800 } do
    for offset, ahead in pairs { ["+00:00"] = 0, ["+00:15"] = 900, ["-00:15"] = -900 } do
      it(("knows when a %s ends at %s"):format(period, offset), function()
        set_clock(1835393400)
        local p = open { limit = 1, period = period, offset = offset }
        local left = seconds - ahead
        assert.equal(tostring(left), told(p)["X-Quota-Reset"])
        gate.clock:advance(left - 1)
        assert.equal(429, hit(p).status)
        gate.clock:advance(1)
        assert.is_nil(hit(p).status)
      end)
    end
  end

  it("goes by the clock of Redis", function()
    local p = open { limit = 1 }
    set_clock(DAY * 30000 - 10)
    gate.redis:on("EVAL", scripts.with(20))
    assert.equal(tostring(DAY - 10), told(p)["X-Quota-Reset"])
    assert.equal(429, hit(p).status)
    down() -- here it is still the day before
    assert.equal("10", told(p)["X-Quota-Reset"])
  end)

  it("begins anew what is not its own, and lets no key stay for ever", function()
    local p = open { limit = 5, zone = "z" }
    set_clock(DAY * 30000 + 100)
    local key = ("rate_limit:{z:10.0.0.1}:day:%d"):format(DAY * 30000)
    for _, write in ipairs { { "set", key, "mine" }, { "rpush", key, "a" } } do
      gate.redis:del(key)
      gate.redis[write[1]](gate.redis, write[2], write[3])
      assert.equal("4", told(p)["X-Quota-Remaining"])
    end
    gate.redis:persist(key)
    assert.equal("3", told(p)["X-Quota-Remaining"])
    assert.is_true(gate.redis:ttl(key) > 0)
  end)

  it("writes keys that none can be mistaken for another", function()
    local p = open { limit = 5, zone = "a:b}%", by = function(req) return req.headers["X-Who"] end }
    for _, who in ipairs { "x y", "}", "~", ("k"):rep(129) } do gate.request(p, { headers = { ["X-Who"] = who } }) end
    local list = keys()
    assert.equal("rate_limit:{a%3Ab%7D%25:x%20y}", list[1])
    assert.equal("rate_limit:{a%3Ab%7D%25:%7D}", list[2])
    assert.matches("^rate_limit:{a%%3Ab%%7D%%25:~%x+}$", list[3])
    assert.equal(#"rate_limit:{a%3Ab%7D%25:~}" + 64, #list[4])
  end)

  it("counts here while Redis is away, on from what it has said last", function()
    local p = open { limit = 4 }
    gate.redis:on("EVAL", function() return { 1, 2, 3600e6 * 3 } end)
    set_clock(DAY * 30000 - 3600 * 3)
    hit(p)
    down()
    local h = told(p)
    assert.equal("local", h["X-Quota-State"])
    assert.equal("1", h["X-Quota-Remaining"])
    assert.is_nil(hit(p).status)
    assert.equal(429, hit(p).status)
    gate.redis:up()
    assert.is_nil(hit(p).status)
    assert.equal(2, judged "redis")
    assert.equal(3, judged "local")
  end)

  it("lets all pass, or nobody", function()
    down()
    local p = open { limit = 1, on_down = "allow" }
    for _ = 1, 3 do
      local h = told(p)
      assert.equal("allow", h["X-Quota-State"])
      assert.is_nil(h["X-Quota-Remaining"])
    end
    p = open { limit = 1, on_down = "deny", zone = "strict" }
    local out = hit(p)
    assert.equal(503, out.status)
    assert.equal("limit_unknown", out.headers["X-Lunette-Reason"])
    assert.equal("1", out.headers["Retry-After"])
    assert.equal("deny", out.headers["X-Quota-State"])
    p = open { limit = 1, on_down = "deny", zone = "dry", dry_run = true }
    assert.is_nil(hit(p).status)
  end)

  it("tells the log once that Redis does not count, and once that it does again", function()
    local p = open { limit = 100, zone = "z" }
    hit(p)
    down()
    for _ = 1, 5 do hit(p) end
    gate.redis:up()
    for _ = 1, 5 do hit(p) end
    local lines = gate.logged()
    assert.equal(2, #lines)
    assert.equal("warn", lines[1].level)
    assert.equal("limit z: Redis does not count: redis: there is no connection, and none could be made; until it does, "
      .. "every gateway counts for itself", lines[1].text)
    assert.equal("limit z: counted in Redis again", lines[2].text)
  end)

  it("asks one that is too slow only now and then, and none is told of one late answer", function()
    local p = open { limit = 100, zone = "z" }
    gate.redis:down "timeout"
    for _ = 1, 9 do hit(p) end
    assert.equal(0, #gate.logged())
    hit(p)
    assert.matches("it answers too late", gate.logged()[1].text)
    gate.redis:up()
    hit(p)
    assert.is_nil(judged "redis")
    gate.clock:advance(1)
    hit(p)
    hit(p)
    assert.equal(2, judged "redis")
  end)

  it("takes no answer that is none of its script", function()
    local p = open { limit = 9, zone = "z" }
    for _, answer in ipairs { {}, { 1, 2 }, { 1, "2", 3 }, { 1, -2, 3 }, "OK" } do
      gate.redis:on("EVAL", function() return answer end)
      assert.equal("local", told(p)["X-Quota-State"])
    end
    assert.matches("it does not answer as our scripts do", gate.logged()[1].text)
  end)

  it("refuses what does not go together", function()
    local function why(settings) return (select(2, pcall(open, settings))) end
    local function by() return "x" end
    assert.matches("zone: required with redis where by has a function", why { limit = 1, by = by })
    assert.matches('state_header: expected the name of a header', why { limit = 1, state_header = "a b" })
    assert.is_nil(told(open { limit = 1, state_header = "" })["X-Quota-State"])
  end)
end)
