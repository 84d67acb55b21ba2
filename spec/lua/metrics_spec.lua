-- SPDX-License-Identifier: Apache-2.0
-- metrics as a plugin opens and changes them, and as they are printed.

local gate = require "lunette.spec"
local probe = require "spec.helpers.probe"

describe("metrics", function()
  before_each(probe.reset)
  after_each(probe.reset)

  -- A plugin that has opened what `init` assigns to self.m, and runs `body` with it as `m`.
  local function with(init, body)
    return probe.handler("request", "local m = self.m\n" .. (body or ""), { init = "self.m = " .. init })
  end

  local function run(init, body)
    local out = gate.request(with(init, body), "GET /x")
    assert.is_nil(out.failed, gate.logged()[1] and gate.logged()[1].text)
  end

  it("count by label, as the slow log of the design does", function()
    run([[ metrics.counter("slow_requests_total", "requests over the limit", { "route" }) ]], [[
      m:inc(req.route)
      m:inc(req.route)
      m:inc("b", 2.5)
    ]])
    assert.equal(2, gate.metrics 'slow_requests_total{route="spec"}')
    assert.equal(2.5, gate.metrics 'slow_requests_total{route="b"}')
    assert.is_nil(gate.metrics 'slow_requests_total{route="c"}')
    assert.truthy(gate.metrics():find("# HELP slow_requests_total requests over the limit\n"
      .. "# TYPE slow_requests_total counter\n", 1, true))
  end)

  it("begin at zero without labels", function()
    run([[ metrics.counter("a_total", "a") ]])
    assert.equal("# HELP a_total a\n# TYPE a_total counter\na_total 0\n", gate.metrics())
  end)

  it("take any number of labels", function()
    for n = 0, 8 do
      local names, values, sample = {}, {}, {}
      for i = 1, n do
        names[i], values[i], sample[i] = ('"l%d"'):format(i), ('"v%d"'):format(i), ('l%d="v%d"'):format(i, i)
      end
      local call = table.concat(values, ", ") .. (n > 0 and ", " or "")
      run(("metrics.gauge('g%d', 'g', { %s })"):format(n, table.concat(names, ", ")),
        ("m:set(%s10) m:inc(%s2.5) m:dec(%s1) m:dec(%s)"):format(call, call, call, table.concat(values, ", ")))
      assert.equal(10.5, gate.metrics(("g%d"):format(n) .. (n > 0 and "{" .. table.concat(sample, ",") .. "}" or "")))
    end
  end)

  it("sort what they observe into buckets", function()
    run([[ metrics.histogram("size", "sizes", { "kind" }, { 1, 2.5, 10 }) ]], [[
      for _, n in ipairs { 0.5, 1, 2, 10, 11, 1 / 0 } do m:observe("a", n) end
    ]])
    assert.equal('# HELP size sizes\n# TYPE size histogram\n'
      .. 'size_bucket{kind="a",le="1"} 2\nsize_bucket{kind="a",le="2.5"} 3\nsize_bucket{kind="a",le="10"} 4\n'
      .. 'size_bucket{kind="a",le="+Inf"} 6\nsize_sum{kind="a"} +Inf\nsize_count{kind="a"} 6\n', gate.metrics())
  end)

  it("have buckets that suit seconds", function()
    run([[ metrics.histogram("took_seconds", "time") ]], [[ m:observe(0.3) ]])
    assert.equal(0, gate.metrics 'took_seconds_bucket{le="0.25"}')
    assert.equal(1, gate.metrics 'took_seconds_bucket{le="0.5"}')
    assert.equal(0.3, gate.metrics "took_seconds_sum")
  end)

  it("write labels and help so that they can be read back", function()
    run([[ metrics.counter("odd_total", "a\\b\n\"c\"", { "l" }) ]], [[ m:inc('a\\b\n"c"') ]])
    assert.truthy(gate.metrics():find('# HELP odd_total a\\\\b\\n"c"\n', 1, true))
    assert.equal(1, gate.metrics [[odd_total{l="a\\b\n\"c\""}]])
  end)

  it("take numbers, booleans and nil as values of labels", function()
    run([[ metrics.counter("l_total", "l", { "a", "b" }) ]], [[
      m:inc(200, true)
      m:inc(200, true)
      m:inc(nil, 1.5)
      m:inc("x", nil, 3)
    ]])
    assert.equal(2, gate.metrics 'l_total{a="200",b="true"}')
    assert.equal(1, gate.metrics 'l_total{a="",b="1.5"}')
    assert.equal(3, gate.metrics 'l_total{a="x",b=""}')
  end)

  it("cut long values between characters", function()
    run([[ metrics.counter("l_total", "l", { "a" }) ]], [[
      m:inc(("x"):rep(300))
      m:inc(("x"):rep(127) .. "y")
      m:inc(("x"):rep(126) .. "\195\164")
    ]])
    assert.equal(2, gate.metrics(('l_total{a="%s"}'):format(("x"):rep(127))))
    assert.equal(1, gate.metrics(('l_total{a="%s"}'):format(("x"):rep(126))))
  end)

  it("count what there is no room for as other, and nothing is lost", function()
    run([[ metrics.counter("l_total", "l", { "a", "b" }, { series = 5 }) ]], [[
      for round = 1, 2 do
        for i = 1, 100 do m:inc("v" .. i, "w") end
      end
    ]])
    assert.equal(2, gate.metrics 'l_total{a="v1",b="w"}')
    assert.equal(190, gate.metrics 'l_total{a="other",b="other"}')
    local _, lines = gate.metrics():gsub("\nl_total{", "")
    assert.equal(6, lines)
  end)

  it("are one for all who open them alike", function()
    local line = [[ metrics.counter("one_total", "one", { "a" }) ]]
    local body = [[ m:inc("x") ]]
    gate.request(with(line, body), "GET /x")
    gate.request(with(line, body), "GET /x")
    assert.equal(2, gate.metrics 'one_total{a="x"}')
  end)

  it("are empty after gate.reset()", function()
    run([[ metrics.counter("a_total", "a") ]], "m:inc()")
    assert.equal(1, gate.metrics "a_total")
    probe.reset()
    run([[ metrics.counter("a_total", "a") ]], "m:inc()")
    assert.equal(1, gate.metrics "a_total")
  end)

  local function refusal(init)
    local ok, why = pcall(with, init)
    assert.is_false(ok)
    return why
  end

  for init, message in pairs {
    ["metrics.counter('a', 'a')"] = 'metrics.counter: "a": the name of a counter ends with "_total", such as "a_total"',
    ["metrics.gauge('a_total', 'a')"] = 'metrics.gauge: "a_total": the name of a gauge does not end with "_total"',
    ["metrics.histogram('a_sum', 'a')"] =
      'metrics.histogram: "a_sum": the name of a histogram does not end with "_sum"',
    ["metrics.gauge('a-b', 'a')"] =
      'metrics.gauge: expected a name of letters, digits, "_" and ":", got "a-b" (string)',
    ["metrics.gauge('lunette_x', 'a')"] = 'names that begin with "lunette_" are the gateway\'s own',
    ["metrics.gauge('a')"] = 'metrics.gauge: "a": expected a sentence that says what it counts, got a nil',
    ["metrics.gauge('a', 'a', 'l')"] = 'metrics.gauge: expected a list of label names, got "l" (string)',
    ["metrics.gauge('a', 'a', { 'a-b' })"] =
      'metrics.gauge: label 1: expected a name of letters, digits and "_", got "a-b" (string)',
    ["metrics.gauge('a', 'a', { '__a' })"] = 'metrics.gauge: label 1: expected a name',
    ["metrics.gauge('a', 'a', { 'l', 'l' })"] = 'metrics.gauge: label "l" is there twice',
    ["metrics.gauge('a', 'a', { l = 1 })"] = 'expected a list of label names, got "l" (string) in it',
    ["metrics.gauge('a', 'a', { 'a','b','c','d','e','f','g','h','i' })"] = "9 labels; at most 8 are possible",
    ["metrics.histogram('a', 'a', { 'le' })"] = 'metrics.histogram: a label of a histogram cannot be "le"',
    ["metrics.histogram('a', 'a', {}, { 2, 1 })"] = "buckets: expected a list of 1 to 64 rising numbers, got a list",
    ["metrics.histogram('a', 'a', {}, {})"] = "buckets: expected a list of 1 to 64 rising numbers, got a table",
    ["metrics.gauge('a', 'a', {}, { serie = 5 })"] = 'metrics.gauge: unknown option "serie"; did you mean "series"?',
    ["metrics.gauge('a', 'a', {}, { series = 0 })"] = "series: expected an integer from 1 to 10000, got 0 (number)",
    ["metrics.meter('a', 'a')"] = 'metrics has no "meter"',
    ["metrics.counter('a_total', 'a') metrics.gauge('b', 'b') metrics.counter('a_total', 'a', { 'l' })"] =
      'metric "a_total": counter, labels l, help "a" here, counter, no labels, help "a" at ',
    ["metrics.gauge('a', 'a') metrics.histogram('a', 'a')"] =
      'metric "a": histogram, no labels, buckets 0.005,',
    ["metrics.gauge('a_sum', 'a') metrics.histogram('a', 'a')"] =
      'metric "a_sum": part of the histogram a here, gauge, no labels',
  } do
    it("refuse " .. init, function()
      local why = refusal(init)
      assert.truthy(why:find(message, 1, true), why)
    end)
  end

  for call, message in pairs {
    ["m:inc('x', -1)"] = "metric a_total: a counter goes up, by a number of at least 0, got -1",
    ["m:inc('x', 0/0)"] = "metric a_total: a counter goes up",
    ["m:inc('x', 'y')"] = 'metric a_total: expected a number after 1 label values, got "y" (string)',
    ["m:inc({})"] = "a metric's label: expected a text, got a table",
    ["m:set('x', 1)"] = 'a counter has no "set"',
  } do
    it("refuse " .. call, function()
      assert.equal(500, gate.request(with([[ metrics.counter("a_total", "a", { "l" }) ]], call), "GET /x").status)
      assert.truthy(gate.logged()[1].text:find(message, 1, true), gate.logged()[1].text)
    end)
  end
end)
