-- SPDX-License-Identifier: Apache-2.0
-- store.limiter as a plugin sees it.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("store.limiter", function()
  before_each(probe.reset)
  after_each(probe.reset)

  local function with(arguments, body, name)
    return probe.handler("request", "local l = self.l\n" .. (body or ""), {
      name = name, init = ("self.l = store.limiter(%s)"):format(arguments),
    })
  end

  it("says whether there was one, what is left, and how long to wait", function()
    local p = with("'z', '2/s', 2", [[ return 200, ("%s %s %.1f"):format(l:take("k")) ]])
    assert.equal("true 1 0.0", gate.request(p).body)
    assert.equal("true 0 0.0", gate.request(p).body)
    assert.equal("false 0 0.5", gate.request(p).body)
    gate.clock:advance(0.5)
    assert.equal("true 0 0.0", gate.request(p).body)
  end)

  it("takes several at once, or only looks", function()
    assert.equal("true 7 true 7 false 7", gate.request(with("'z', { count = 1, per = 60 }, 10", [[
      local a, b = l:take("k", 3)
      local c, d = l:take("k", 0)
      local e, f = l:take("k", 8)
      return 200, ("%s %s %s %s %s %s"):format(a, b, c, d, e, f)
    ]])).body)
  end)

  it("takes for its key what a setting of type key reads by itself", function()
    local body = [[
      local by, l = self.conf.by, self.l
      l:take(by.key(req))
      local _, left = l:look(by.of(req), 0)
      return 200, ("%d %s"):format(left, by.of(req))
    ]]
    for by, keys in pairs {
      ["'client'"] = { ["10.0.0.1"] = "10.0.0.1" },
      ["'ip'"] = { ["10.0.0.1"] = "10.0.0.1", ["2001:db8::1"] = "2001:db8::1" },
      ["'header:X-Tenant'"] = { t1 = "header:x-tenant=t1", [""] = "10.0.0.1" },
      ["{ 'method', 'header:X-Tenant' }"] = { t1 = "GET\nheader:x-tenant=t1" },
      ["'method'"] = { any = "GET" },
    } do
      local p = probe.handler("request", body, {
        schema = "by = t.key { default = " .. by .. " }", init = "self.l = store.limiter('z', '1/h', 9)",
      })
      for said, key in pairs(keys) do
        local is_address = said:find("[.:]")
        local r = gate.request(p, { ip = is_address and said or "10.0.0.1",
          headers = { ["X-Tenant"] = not is_address and said or nil } })
        assert.equal("8 " .. key, r.body, by)
      end
      gate.reset()
    end
  end)

  it("takes no other table", function()
    for _, key in ipairs { "{}", "{ by = 1 }", "{ by = 'header' }", "{ by = 'query', name = '', mark = '' }",
      "{ by = 'header', name = '', mark = 7 }" } do
      local p = with("'z', '1/h', 1", "return 200, tostring((l:take(" .. key .. ")))")
      assert.equal(500, gate.request(p).status)
    end
  end)

  it("counts in memory in specs where it says Redis, and checks what it says", function()
    local p = with("'z', { '1/h', '9/d' }, nil, { redis = 'redis://h', timeout = '20ms', on_down = 'deny', lease = 2 }",
      [[ return 200, ("%s %s"):format(l:take("k")) ]])
    assert.equal("true 0", gate.request(p).body)
    assert.equal("false 0", gate.request(p).body)
    for arguments, message in pairs {
      ["{ timeout = '20ms' }"] = "timeout: expected none without redis",
      ["{ redis = 'redis://h', timeout = 0 }"] = "timeout: expected a duration from 1ms to 1m, got 0",
      ["{ redis = 'redis://h', on_down = 'open' }"] = 'on_down: expected "local", "allow" or "deny"',
      ["{ redis = 'redis://h', lease = 0.5 }"] = "lease: expected an integer from 0 to 1000000, got 0.5",
      ["{ redis = 'redis://h', name = ('n'):rep(65) }"] = "name: expected a text of at most 64 bytes",
      ["{ redis = true }"] = "redis: expected a URL, got a boolean",
      ["{ redis = 'http://:sesame@h' }"] = "redis",
    } do
      local ok, why = pcall(with, "'z', '1/s', 1, " .. arguments)
      assert.is_false(ok)
      assert.truthy(tostring(why):find(message, 1, true), tostring(why))
      assert.is_nil(tostring(why):find("sesame", 1, true))
    end
  end)

  it("is its plugin's own, unless it is shared", function()
    local body = [[ return 200, tostring((l:take("k"))) ]]
    assert.equal("true", gate.request(with("'z', '1/h', 1", body, "a")).body)
    assert.equal("true", gate.request(with("'z', '1/h', 1", body, "b")).body)
    assert.equal("true", gate.request(with("'z', '1/h', 1, { share = true }", body, "c")).body)
    assert.equal("false", gate.request(with("'z', '1/h', 1, { share = true }", body, "d")).body)
  end)

  local function tell(arguments)
    return with(arguments, [[
      local ok, left, wait, reset, which = l:take("k")
      return 200, ("%s %d %.1f %.1f %d"):format(ok, left, wait, reset, which)
    ]])
  end

  it("counts in windows that begin with the first request", function()
    local p = tell("'z', '2/10s', nil, { algorithm = 'fixed_window' }")
    gate.clock:advance(3)
    assert.equal("true 1 0.0 10.0 1", gate.request(p).body)
    gate.clock:advance(9)
    assert.equal("true 0 0.0 1.0 1", gate.request(p).body)
    assert.equal("false 0 1.0 1.0 1", gate.request(p).body)
    gate.clock:advance(1)
    assert.equal("true 1 0.0 10.0 1", gate.request(p).body)
  end)

  it("keeps a log, in which each request goes when its window is over", function()
    local p = tell("'z', '2/10s', nil, { algorithm = 'sliding_log' }")
    gate.request(p)
    gate.clock:advance(9)
    assert.equal("true 0 0.0 10.0 1", gate.request(p).body)
    assert.equal("false 0 1.0 10.0 1", gate.request(p).body)
    gate.clock:advance(1.1)
    assert.equal("true 0 0.0 10.0 1", gate.request(p).body)
    assert.truthy(gate.request(p).body:find("^false 0 8.9"))
  end)

  it("weighs the window before", function()
    local p = tell("'z', '10/10s', nil, { algorithm = 'sliding_window' }")
    for _ = 1, 10 do gate.request(p) end
    local _, _, wait = gate.request(p).body:find("^false 0 ([%d.]+)")
    assert.is_true(tonumber(wait) > 0 and tonumber(wait) <= 11, wait)
    gate.clock:advance(tonumber(wait) + 0.1)
    assert.truthy(gate.request(p).body:find("^true 0 "))
    assert.truthy(gate.request(p).body:find("^false 0 "))
  end)

  it("takes of all its windows or of none, and tells the tightest", function()
    local p = tell("'z', { '2/s', '3/10s' }, nil, { algorithm = 'fixed_window' }")
    assert.equal("true 1 0.0 1.0 1", gate.request(p).body)
    assert.equal("true 0 0.0 1.0 1", gate.request(p).body)
    assert.equal("false 0 1.0 1.0 1", gate.request(p).body) -- of the second window one is left, and stays
    gate.clock:advance(1)
    assert.equal("true 0 0.0 9.0 2", gate.request(p).body)
    assert.equal("false 0 9.0 9.0 2", gate.request(p).body)
  end)

  it("looks without taking, and charges what was not there", function()
    local p = with("'z', '1/s', 10", [[
      local a, b = l:look("k", 11)
      local c, d = l:charge("k", 30)
      local e, f, wait = l:take("k")
      return 200, ("%s %d %s %d %s %d %.1f"):format(a, b, c, d, e, f, wait)
    ]])
    assert.equal("false 10 true 0 false 0 21.0", gate.request(p).body)
  end)

  it("judges by another rate, and counts that apart", function()
    local p = with("'z', '1/m', nil, { algorithm = 'fixed_window' }", [[
      local rate = { count = 3, per = 60 }
      local a, b = l:take("k", 1, rate)
      local c, d = l:take("k")
      local e, f = l:take("k")
      return 200, ("%s %d %s %d %s %d"):format(a, b, c, d, e, f)
    ]])
    assert.equal("true 2 true 0 false 0", gate.request(p).body)
  end)

  for body, message in pairs {
    ["l:take('k', 1, { count = 1, per = 61 })"] =
      "take: 1 per 61 s is more, or longer, than this limiter was opened for",
    ["l:take('k', 1, { count = 0, per = 60 })"] = "take: expected a cost from 0 to 1e9 and a rate, got 1",
    ["l:charge('k', -1)"] = "charge: expected a cost from 0 to 1e9, got -1",
    ["l:look(1)"] = "look: expected a text as key, got 1 (number)",
    ["l:take('k', 'x')"] = 'take: expected a number as cost, got "x" (string)',
  } do
    it("refuses " .. body, function()
      local p = with("'z', '1/m', nil, { algorithm = 'fixed_window' }", body .. " return 200")
      assert.equal(500, gate.request(p).status)
      assert.truthy(gate.logged()[1].text:find(message, 1, true), gate.logged()[1].text)
    end)
  end

  for arguments, message in pairs {
    ["'z', '5000/s', nil, { algorithm = 'sliding_log' }"] =
      'store.limiter: zone "z": sliding_log counts at most 4000 in this gateway\'s memory',
    ["'z', '1/s', 5, { algorithm = 'fixed_window' }"] =
      "store.limiter: burst: expected none with fixed_window, got 5 (number)",
    ["'z', '1/s', 5, { algorithm = 'gcr' }"] =
      'store.limiter: algorithm: expected "gcra", "sliding_window", "sliding_log" or "fixed_window"',
    ["'z', { '1/s', 'x' }"] =
      'store.limiter: rate: expected a rate such as "100/s" or "5000/h", got "x" (string)',
    ["'z', { '1/s','1/s','1/s','1/s','1/s','1/s','1/s','1/s','1/s' }"] =
      "store.limiter: expected at most 8 rates, got 9",
    ["'z\\n', '1/s', 1"] = 'store.limiter: expected a name without control characters, got "z',
    ["'z', '1/s', 1) self.m = store.limiter('z', '2/s', 1"] =
      'zone "z": 2 requests per 1 s, burst 1 here, 1 requests per 1 s, burst 1 at ',
    ["'z', '1/s', 1) self.m = store.limiter('z', '1/s', 1, { entries = 100 }"] =
      'zone "z": 1 requests per 1 s, burst 1, 100 entries here, 1 requests per 1 s, burst 1 at ',
    ["'z', '1/s', 1, { entries = 1 }"] =
      "store.limiter: entries: expected an integer from 64 to 67108864, got 1 (number)",
    ["'z', '1/s', 1, { shared = true }"] = 'store.limiter: unknown option "shared"; did you mean "share"?',
    ["'z', '1/s', 1, { share = 1 }"] = "store.limiter: share: expected true or false, got 1 (number)",
    ["'z', 'fast', 1"] = "store.limiter: rate: expected a rate",
    ["'z', 5, 1"] = 'store.limiter: expected a rate such as "100/s", got 5 (number)',
    ["'z', '1/s'"] = "store.limiter: burst: expected an integer of at least 1, got a nil",
    ["'', '1/s', 1"] = 'store.limiter: expected the name of a zone, got "" (string)',
    [""] = "store.limiter: expected the name of a zone, got a nil",
  } do
    it("refuses " .. arguments, function()
      local ok, why = pcall(with, arguments)
      assert.is_false(ok)
      assert.truthy(why:find(message, 1, true), why)
    end)
  end
end)
